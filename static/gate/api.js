// The gate's API as the page uses it. No answer is an error of its own: it is never a yes.

const TIME_OUT = 5000;

/** No usable answer came: no connection, too slow, or the server could not say. */
export class NoAnswer extends Error {}

/** The server knows this device's key no longer. */
export class KeyRefused extends Error {}

/** The request itself was refused; the message says why. */
export class Refused extends Error {}

/** Return a request id nobody has used; crypto.randomUUID would need a secure context. */
export function newRequestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api {
  /** heard: called with true after any answer, with false when none came. */
  constructor(key, heard) {
    this.key = key;
    this.heard = heard;
    // By how much the server's clock is ahead of this device's, in milliseconds.
    this.ahead = 0;
  }

  device() {
    return this.#ask("GET", "/gate/device");
  }

  async lastScans() {
    return (await this.#ask("GET", "/gate/admissions?limit=20")).data;
  }

  scan({ referenceNumber, requestId, quantity }) {
    return this.#ask("POST", "/gate/admissions", { referenceNumber, requestId, quantity });
  }

  undo(admissionId, reason) {
    return this.#ask("DELETE", `/gate/admissions/${encodeURIComponent(admissionId)}`, { reason });
  }

  async #ask(method, path, body) {
    const headers = { "x-api-key": this.key, Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    let response;
    let said;
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), TIME_OUT);
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: waiting.signal,
      });
      said = await response.json();
    } catch {
      this.heard(false);
      throw new NoAnswer();
    } finally {
      clearTimeout(timer);
    }
    this.heard(response.status < 500);
    // Busy, or too many requests: the same one is answered later.
    if (response.status >= 500 || [408, 429].includes(response.status)) throw new NoAnswer();
    const served = Date.parse(response.headers.get("Date") ?? "");
    if (served) this.ahead = served - Date.now();
    if (response.status === 200) return said;
    if (response.status === 401) throw new KeyRefused();
    throw new Refused((said.errors ?? []).map((fault) => fault.detail).join(" ") || said.detail);
  }
}
