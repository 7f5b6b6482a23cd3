import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOfFetched, nameOfStream, streamName } from "../../web/live/seen-name.js";

test("a device's id becomes a stream's name as the server makes it", () => {
  assert.equal(streamName("device-7Q2m"), "device-7q2m");
  assert.equal(streamName("raw [fe80::1%eth0]:5001"), "raw-fe80-1-eth0-5001");
  assert.equal(streamName("…"), "stream");
  assert.equal(streamName("x".repeat(100)).length, 64);
});

test("a stream that is not there is called as its device, and one of nobody has no name", () => {
  const devices = [
    { device: "A", name: "Hall", stream: null },
    { device: "b", name: "Yard", stream: "a" },
    { device: "device-7Q2m", name: "Front door", stream: null },
  ];
  assert.equal(nameOfStream(devices, "device-7q2m"), "Front door");
  assert.equal(nameOfStream(devices, "a"), "Yard");
  assert.equal(nameOfStream(devices, "c"), null);
});

test("what the server fetches has its name, and its smaller picture the same", () => {
  const sources = [{ source: "door", name: "Front door" }];
  assert.deepEqual(["door", "door-small", "yard"].map((stream) => nameOfFetched(sources, stream)), ["Front door", "Front door", null]);
});
