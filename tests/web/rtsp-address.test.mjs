import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf, isBeside, isSecret, readAddress, withLogin } from "../../web/lib/rtsp-address.js";

test("an address is read as people write it, with what is secret apart", () => {
  const cases = [
    ["rtsp://192.168.1.20/stream1", ["rtsp://192.168.1.20/stream1", "", ""]],
    [" 192.168.1.20:8554/a?b=c ", ["rtsp://192.168.1.20:8554/a?b=c", "", ""]],
    ["RTSPS://cam.local/live", ["rtsps://cam.local/live", "", ""]],
    ["rtsp://admin:pa%40ss@192.168.1.20/", ["rtsp://192.168.1.20/", "admin", "pa@ss"]],
    ["admin:p@ss:word@cam/1", ["rtsp://cam/1", "admin", "p@ss:word"]],
    ["rtsp://viewer@cam", ["rtsp://cam", "viewer", ""]],
    ["rtsp://admin:100%@cam/1", ["rtsp://cam/1", "admin", "100%"]],
    ["rtsp://[fe80::1%eth0]:554/x", ["rtsp://[fe80::1%eth0]:554/x", "", ""]],
    ["rtsp://a:b@cam/user@1", ["rtsp://cam/user@1", "a", "b"]],
  ];
  for (const [written, [address, user, password]] of cases) assert.deepEqual(readAddress(written), { address, user, password }, written);
});

test("what is no address is named by what is wrong with it", () => {
  const problems = { "": "empty", "  ": "empty", "http://192.168.1.20": "scheme", "rtsp://": "host", "rtsp://cam era/1": "host", "rtsp://cam/a b": "host", "rtsp://cam:99999/": "host", "rtsp://cam:x/": "host", "/dev/video0": "host" };
  for (const [written, problem] of Object.entries(problems)) assert.deepEqual(readAddress(written), { problem }, written);
});

test("a password with a slash is never taken for a path that is shown", () => {
  assert.deepEqual(readAddress("rtsp://admin:12/34@192.168.1.20/1"), { problem: "login" });
  assert.deepEqual(readAddress("rtsp://admin:se#cret@192.168.1.20/1"), { problem: "login" });
});

test("the whole is put together so that the same is read from it", () => {
  for (const [user, password] of [["admin", "p@ss:w/ord#?%"], ["jürgen & co", ""], ["$&", "$1"]]) {
    const { address, ...login } = readAddress(withLogin("rtsp://cam:554/x", user, password));
    assert.deepEqual([address, login], ["rtsp://cam:554/x", { user, password }]);
  }
  assert.equal(withLogin("rtsp://cam/x", "", "lost"), "rtsp://cam/x");
});

test("the same camera, however its address is written", () => {
  for (const [one, other] of [["rtsp://cam/1", "rtsp://CAM:554/2?x"], ["rtsps://cam", "rtsps://cam:322/"]]) assert.ok(isBeside(one, other), one);
  for (const [one, other] of [["rtsp://cam/1", "rtsp://cam2/1"], ["rtsp://cam/1", "rtsp://cam:8554/1"], ["rtsp://cam:322", "rtsps://cam"], ["rtsp://cam", ""]]) assert.ok(!isBeside(one, other), `${one} ${other}`);
});

test("hosts, and paths that hold a password", () => {
  assert.deepEqual(["rtsp://cam:554/x", "rtsp://[::1]/x", "rtsp://10.0.0.1?x"].map(hostOf), ["cam", "[::1]", "10.0.0.1"]);
  for (const address of ["rtsp://cam/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", "rtsp://cam/live?user=a&pwd=b", "rtsp://cam/x?token=1"]) assert.ok(isSecret(address), address);
  for (const address of ["rtsp://cam/cam/realmonitor?channel=1&subtype=0", "rtsp://password=x.local/1", "rtsp://cam/live?password="]) assert.ok(!isSecret(address), address);
});

// The same cases as in src/config/sources/address.rs.
test("what is secret is known by its name, as the server knows it", () => {
  for (const key of ["password", "PASS", "pwd", "usr_pwd", "psw", "pw", "user_pw", "pw1", "pw_2", "Pw", "password_1", "passwd-2", "token", "api-key", "auth"]) assert.ok(isSecret(`rtsp://cam/live?user=a&${key}=s3cret&n=1`), key);
  for (const key of ["user", "channel", "subtype", "power", "spw", "pwm", "stream_1"]) assert.ok(!isSecret(`rtsp://cam/live?${key}=0`), key);
});
