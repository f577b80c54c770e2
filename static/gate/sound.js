// What is heard and felt: two rising tones for yes, one low and rough for no. Made here, not loaded.

const YES = [
  { at: 0, hertz: 880, seconds: 0.11 },
  { at: 0.12, hertz: 1320, seconds: 0.2 },
];
const NO = [
  { at: 0, hertz: 196, seconds: 0.22 },
  { at: 0.27, hertz: 165, seconds: 0.34 },
];

export class Sound {
  #context = null;
  muted = false;

  /** Browsers let a page be heard once somebody has touched it. */
  wake() {
    const Context = window.AudioContext ?? window.webkitAudioContext;
    if (!Context) return;
    this.#context ??= new Context();
    if (this.#context.state === "suspended") this.#context.resume().catch(() => {});
  }

  yes() {
    this.#play(YES, "sine");
    feel([80]);
  }

  no() {
    this.#play(NO, "square");
    feel([180, 90, 180]);
  }

  #play(notes, wave) {
    const context = this.#context;
    if (this.muted || context?.state !== "running") return;
    for (const { at, hertz, seconds } of notes) {
      const start = context.currentTime + at;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.type = wave;
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(wave === "sine" ? 0.5 : 0.22, start + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + seconds);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + seconds + 0.02);
    }
  }
}

function feel(pattern) {
  try {
    navigator.vibrate?.(pattern);
  } catch {
    // Nobody has touched the page yet.
  }
}
