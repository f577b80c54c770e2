// Reading codes with the camera, where the browser can.

const LOOK_EVERY = 120;
// A ticket that is held before the camera is read many times a second: it counts once.
const SAME_AGAIN = 3000;
const FORMATS = ["qr_code", "aztec", "data_matrix", "pdf417", "code_128", "code_39", "ean_13", "itf"];

/** Return why this browser cannot read codes with its camera, "" when it can. */
export function whyNot() {
  if (!window.isSecureContext) {
    return "The camera works on a secure page only. Ask the office for the address that begins with https.";
  }
  if (!navigator.mediaDevices?.getUserMedia) return "This device has no camera that a page may use.";
  if (!("BarcodeDetector" in window)) {
    return "This browser cannot read codes with the camera. Chrome on Android can. A scanner that types, or the keyboard, works everywhere.";
  }
  return "";
}

export class Camera {
  #stream = null;
  #timer = 0;
  #seen = { text: "", at: 0 };

  /** found: called with the text of each code. */
  constructor(video, found) {
    this.video = video;
    this.found = found;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** Start; throws what getUserMedia throws when it may not. */
  async start() {
    const supported = await window.BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((format) => supported.includes(format));
    const detector = new window.BarcodeDetector({ formats });
    this.#stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    this.video.srcObject = this.#stream;
    await this.video.play();
    this.#timer = setInterval(() => this.#look(detector), LOOK_EVERY);
  }

  stop() {
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  get hasLight() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  light(on) {
    return this.#track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  async #look(detector) {
    if (document.hidden || this.video.readyState < 2) return;
    let codes = [];
    try {
      codes = await detector.detect(this.video);
    } catch {
      // The picture is not ready, or the camera was just switched off.
      return;
    }
    const text = codes[0]?.rawValue;
    if (!text || !this.isOn) return;
    const now = Date.now();
    const isSame = text === this.#seen.text && now - this.#seen.at < SAME_AGAIN;
    this.#seen = { text, at: now };
    if (!isSame) this.found(text);
  }
}
