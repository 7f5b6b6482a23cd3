// The steps by the names that the plan uses.

import { browser } from "./browser.js";
import { certificate } from "./certificate.js";
import { clock } from "./clock.js";
import { devices } from "./devices.js";
import { judge } from "./judge.js";
import { permission } from "./permission.js";
import { playback } from "./playback.js";
import { record } from "./record.js";
import { secure } from "./secure.js";
import { storage } from "./storage.js";
import { wakelock } from "./wakelock.js";

/** @type {Record<string, import("../runner.js").Step<import("../context.js").Context>>} */
export const STEPS = {
  secure,
  certificate,
  browser,
  storage,
  permission,
  devices,
  wakelock,
  record,
  clock,
  judge,
  playback,
};
