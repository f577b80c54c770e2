// Check a webhook with the package standardwebhooks (npm install standardwebhooks).
import { Webhook } from "standardwebhooks";

// `body` is the text that arrived, byte for byte, before anything parses it.
export function verify(secret, headers, body) {
  return new Webhook(secret).verify(body, headers); // throws when it is not genuine
}
