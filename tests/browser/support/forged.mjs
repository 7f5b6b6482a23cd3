// What somebody makes who has stolen the authority's key.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.mjs";

/**
 * A page at `address` with a certificate of the authority in `certs` for a name.
 * @param {import("node:test").TestContext} t the page ends with this test
 * @param {{ certs: string, host: string, address: string }} options
 * @returns {Promise<{ url: string, refused(): Promise<void> }>} `refused`: whoever came has gone, and has asked for nothing
 */
export async function serveForged(t, { certs, host, address }) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-forged-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const openssl = (/** @type {string[]} */ ...args) => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  };
  await writeFile(
    join(folder, "extensions"),
    `subjectAltName=critical,DNS:${host}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n`,
  );
  openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key", "-subj", "/", "-out", "request");
  openssl("x509", "-req", "-in", "request", "-CA", join(certs, "ca.crt"), "-CAkey", join(certs, "ca.key"), "-set_serial", `0x${randomBytes(16).toString("hex")}`, "-days", "90", "-extfile", "extensions", "-out", "crt");
  const cert = Buffer.concat([await readFile(join(folder, "crt")), await readFile(join(certs, "ca.crt"))]);
  let requests = 0;
  let came = 0;
  let gone = 0;
  const server = createServer({ cert, key: await readFile(join(folder, "key")) }, (_, response) => {
    requests += 1;
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>forged</title>");
  });
  await new Promise((resolve, reject) => void server.on("error", reject).listen(0, address, () => resolve(undefined)));
  server.on("connection", (socket) => {
    came += 1;
    socket.on("close", () => (gone += 1));
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://${host}:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/`;
  return {
    url,
    async refused() {
      await until(`somebody who comes to ${url} and goes`, () => came > 0 && gone === came, { explain: () => `${came} came, ${gone} went, ${requests} requests` });
      if (requests > 0) throw new Error(`${url} was asked ${requests} times`);
    },
  };
}
