import { result } from "../outcomes.js";

/** @returns {Promise<import("../context.js").Result>} */
export async function secure() {
  const facts = {
    address: location.origin,
    protocol: location.protocol,
    isSecureContext: window.isSecureContext,
  };
  // Engines before the property existed allowed the camera on HTTPS alone.
  const allowed = window.isSecureContext === undefined ? location.protocol === "https:" : window.isSecureContext;
  return result("secure", allowed ? "ok" : "insecure", {}, facts);
}
