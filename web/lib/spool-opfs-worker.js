/**
 * The worker of the spool: the browser's own file system can be written and flushed only in here.
 *
 * A module: Safari runs those in workers since 15, before it had the file system (15.2), and Chromium since 80.
 * Firefox runs them since 114; 111 to 113, which have the file system alone, take the next kind of storage.
 *
 * @module
 */

import { createDesk } from "./spool-opfs-desk.js";

/** @typedef {{ onmessage: ((event: MessageEvent) => void) | null, postMessage(message: unknown, transfer: Transferable[]): void }} Scope */

const scope = /** @type {Scope} */ (/** @type {unknown} */ (self));
const desk = createDesk(navigator.storage);

scope.onmessage = ({ data }) => void desk(data, (answer, transfer) => scope.postMessage(answer, transfer));
