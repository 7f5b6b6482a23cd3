// What somebody makes who has stolen the authority's key.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A page at `address` with a certificate of the authority in `certs` for a name.
 * @param {import("node:test").TestContext} t the page ends with this test
 * @param {{ certs: string, host: string, address: string }} options
 * @returns {Promise<string>} its URL
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
  const server = createServer({ cert, key: await readFile(join(folder, "key")) }, (_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>forged</title>");
  });
  await new Promise((resolve, reject) => void server.on("error", reject).listen(0, address, () => resolve(undefined)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://${host}:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/`;
}
