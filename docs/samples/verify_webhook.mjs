// Check a webhook with what Node.js brings along (18 or newer).
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE = 5 * 60; // seconds that a message may be old, or your clock wrong

// `headers` have lower-case names, as Node.js gives them; `body` is the Buffer that arrived,
// byte for byte, before anything parses it (Express: express.raw({ type: "application/json" })).
export function verify(secret, headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!/^\d+$/.test(timestamp) || age > TOLERANCE) {
    throw new Error("The timestamp is missing or too far from now.");
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  // While a secret is being changed, the header carries two signatures: one that fits will do.
  for (const one of (headers["webhook-signature"] ?? "").split(" ")) {
    const signature = Buffer.from(one);
    if (signature.length === expected.length && timingSafeEqual(signature, expected)) {
      return JSON.parse(body);
    }
  }
  throw new Error("No signature fits.");
}
