import { result } from "../outcomes.js";
import { probe, trustOf } from "../../trust/probe.js";

/** @returns {Promise<import("../context.js").Result>} */
export async function certificate() {
  const found = await probe();
  const facts = {
    request: found.request,
    request_ms: Math.round(found.requestMs),
    request_error: found.requestError || undefined,
    websocket: found.socket,
    websocket_ms: Math.round(found.socketMs),
    websocket_error: found.socketError || undefined,
    certificate_trusted: found.certificate,
    server_version: found.version || undefined,
  };
  switch (trustOf(found)) {
    case "request":
      return result("certificate", "unreachable", { error: found.requestError }, facts);
    case "socket":
      return result("certificate", "live_blocked", {}, facts);
    case "blocked":
      return result("certificate", "live_refused", {}, facts);
    case "tolerated":
      return result("certificate", "exception", {}, facts);
    case "plain":
      // The step before has said what that means; from the server's own computer it works.
      if (!found.request) return result("certificate", "unreachable", { error: found.requestError }, facts);
      if (!found.socket) return result("certificate", "live_refused", {}, facts);
  }
  return result("certificate", "ok", { ms: Math.round(Math.max(found.requestMs, found.socketMs)) }, facts);
}
