// The gate's page: a number comes in, the whole screen says yes or no, the next one comes.

import { Api, KeyRefused, NoAnswer, Refused } from "./api.js";
import { Camera, whyNot } from "./camera.js";
import { check, forget, interrupted, newScan } from "./checking.js";
import { chosenQuantity, focusField, setQuantity, showKeyboard, wireControls } from "./controls.js";
import { wireScanner } from "./scanner.js";
import { Sound } from "./sound.js";
import { keep, readKey, recall } from "./store.js";
import * as view from "./view.js";

const { $ } = view;
const MOST_SHOWN = 20;
// A green screen that stayed would let the next guest pass unscanned.
const GREEN_STAYS = 4000;
const GREEN_STAYS_FOR_A_GROUP = 12_000;
const SHOW_CHECKING_AFTER = 250;
const HEARTBEAT = 10_000;
const MOST_OF_A_NUMBER = 20;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

const sound = new Sound();
const camera = new Camera($("video"), (text) => scan(text));

let api = null;
let isBusy = false;
let isStopped = false;
let asking = null;
let missed = [];
let answers = [];
let shown = null;
let heardAt = 0;
let hideTimer = 0;

// --- A scan -------------------------------------------------------------------------------------

/** Check a number; one at a time, so that every result belongs to the guest at the gate. */
function scan(typed) {
  const number = typed.replace(CONTROL, "");
  if (!api || view.openQuestion()) return undefined;
  if (isBusy) return number.trim() && miss(number);
  if (!number.trim()) return hideVerdict();
  sayMissed([]);
  return settle(newScan(number, chosenQuantity()));
}

/** Say that a scan came too early, until the next one: no result on the screen is its own. */
function miss(number) {
  const name = number.length > MOST_OF_A_NUMBER ? `${number.slice(0, MOST_OF_A_NUMBER)}…` : number;
  const text =
    number === asking
      ? `Checked once\n${name} was scanned twice.`
      : `Not checked\nScan ${name} again.`;
  sound.no();
  sayMissed([text, ...missed.filter((one) => one !== text)]);
}

function sayMissed(texts) {
  missed = texts;
  view.showMissed(missed);
}

async function settle(asked) {
  isBusy = true;
  isStopped = false;
  asking = asked.referenceNumber;
  hideVerdict();
  const detail = asked.referenceNumber;
  const slow = setTimeout(
    () => view.showVerdict("wait", { head: "Checking …", detail }),
    SHOW_CHECKING_AFTER,
  );
  const again = () => {
    clearTimeout(slow);
    const reason = "No answer yet. Nobody enters.";
    view.showVerdict("wait", { head: "Checking again …", reason, detail, next: "Stop checking" });
  };
  try {
    tell(await check(api, asked, { again, stopped: () => isStopped }));
  } catch (fault) {
    tellFault(fault);
  } finally {
    clearTimeout(slow);
    isBusy = false;
    asking = null;
    setQuantity(1);
  }
}

/** Show an answer. Green is shown here only, and only for an admission that stands. */
function tell(answer) {
  answers = [answer, ...answers.filter((one) => one.scanId !== answer.scanId)].slice(0, MOST_SHOWN);
  listScans();
  shown = answer;
  const left = answer.admissionsLeft;
  if (answer.admitted !== true || answer.undoneAt !== null) {
    sound.no();
    return view.showVerdict("no", {
      head: "Not admitted",
      reason: answer.undoneAt ? `This scan was undone: ${answer.undoReason}` : answer.reason,
      detail: view.about(answer),
      more: answer.code === "too_few_left" && left > 0 ? `Admit the ${left} left` : "",
    });
  }
  // A yes that is heard would be taken for the scan that came last.
  if (missed.length) sound.no();
  else sound.yes();
  view.showVerdict("yes", {
    head: answer.reason,
    reason: [answer.description, answer.seat].filter(Boolean).join(" · "),
    detail: view.about(answer),
    more: left > 1 ? `Admit the other ${left}` : left === 1 ? "Admit the last one" : "",
    undo: true,
  });
  return hideAfter(left > 0 ? GREEN_STAYS_FOR_A_GROUP : GREEN_STAYS);
}

function tellFault(fault) {
  if (fault instanceof KeyRefused) {
    return setUp("This device’s key no longer works. Ask the office for a new one.");
  }
  sound.no();
  if (fault instanceof NoAnswer) {
    const reason = "No answer. Nobody is admitted. Scan the ticket again when the connection is back.";
    return view.showVerdict("unsure", { head: "Not checked", reason });
  }
  if (!(fault instanceof Refused)) throw fault;
  return view.showVerdict("no", { head: "Not admitted", reason: fault.message });
}

function hideAfter(time) {
  clearTimeout(hideTimer);
  hideTimer = setTimeout(hideVerdict, time);
}

function hideVerdict() {
  clearTimeout(hideTimer);
  shown = null;
  view.hideVerdict();
  focusField();
}

function dismiss() {
  isStopped = true;
  if (!isBusy) hideVerdict();
}

// --- Last scans and undo ------------------------------------------------------------------------

function mayUndo(answer) {
  const until = Date.parse(answer.undoUntil ?? "");
  return answer.admitted && !answer.undoneAt && Date.now() + api.ahead < until;
}

function listScans() {
  view.showScans(answers, mayUndo, undo);
}

async function undo(answer) {
  if (isBusy) return undefined;
  clearTimeout(hideTimer);
  const reason = await view.askReason(answer);
  if (!reason) return hideVerdict();
  isBusy = true;
  view.showVerdict("wait", { head: "Undoing …", detail: view.about(answer) });
  focusField();
  try {
    const undone = await api.undo(answer.admissionId, reason);
    answers = answers.map((one) => (one.scanId === undone.scanId ? undone : one));
    listScans();
    shown = null;
    const head = answer.quantity > 1 ? `${answer.quantity} undone` : "Undone";
    view.showVerdict("undone", { head, reason: "It may be used again.", detail: view.about(answer) });
    return hideAfter(GREEN_STAYS);
  } catch (fault) {
    hideVerdict();
    if (fault instanceof KeyRefused) return tellFault(fault);
    const isLost = fault instanceof NoAnswer;
    return view.toast(isLost ? "No answer. Look at the last scans whether it was undone." : fault.message);
  } finally {
    isBusy = false;
  }
}

// --- Camera -------------------------------------------------------------------------------------

async function switchCamera() {
  const reason = camera.isOn ? "" : whyNot();
  if (reason) {
    await view.ask({ head: "No camera here", text: reason });
  } else if (camera.isOn) {
    camera.stop();
  } else {
    try {
      await camera.start();
    } catch {
      camera.stop();
      const text =
        "Another program uses it, or this page may not. Allow it in the browser’s settings for this site.";
      await view.ask({ head: "The camera did not start", text });
    }
  }
  view.showCamera(camera);
  focusField();
}

// --- Connection ---------------------------------------------------------------------------------

function heard(isAnswer) {
  // An answer that was under way when the network went says little: ask again soon.
  if (isAnswer) heardAt = navigator.onLine ? Date.now() : 0;
  view.showOffline(!isAnswer);
}

/** Ask who we are when nothing was heard for a while: that is how a lost connection is noticed. */
async function beat() {
  if (!api || document.hidden || isBusy || Date.now() - heardAt < HEARTBEAT) return;
  try {
    showDevice(await api.device());
  } catch (fault) {
    if (fault instanceof KeyRefused) tellFault(fault);
  }
}

function showDevice(device) {
  keep("device", device);
  view.showDevice(device);
}

async function stayAwake() {
  try {
    if (!document.hidden && api) await navigator.wakeLock?.request("screen");
  } catch {
    // The battery is low, or the browser does not allow it.
  }
}

// --- Setting up ---------------------------------------------------------------------------------

function setUp(fault = "", typed = "") {
  api = null;
  isStopped = true;
  answers = [];
  sayMissed([]);
  camera.stop();
  view.showCamera(camera);
  view.hideVerdict();
  view.showOffline(false);
  view.showSetup(fault, typed);
}

/** Begin with a key. Without a connection only a key that worked before is believed. */
async function start(key) {
  const candidate = new Api(key, heard);
  const isKnown = key === recall("key");
  try {
    showDevice(await candidate.device());
  } catch (fault) {
    if (fault instanceof KeyRefused) return setUp("This key is unknown, or it was revoked.");
    if (!isKnown) return setUp("No connection: the key could not be checked. Try again.", key);
    view.showDevice(recall("device"));
  }
  if (!isKnown) forget();
  keep("key", key);
  api = candidate;
  answers = [];
  view.showScreen("gate");
  setQuantity(1);
  showKeyboard(false);
  stayAwake();
  const lost = interrupted();
  if (lost) settle(lost);
  try {
    const last = await candidate.lastScans();
    const known = new Set(answers.map((one) => one.scanId));
    answers = [...answers, ...last.filter((one) => !known.has(one.scanId))].slice(0, MOST_SHOWN);
  } catch {
    // They come with the next scans.
  }
  return api && listScans();
}

/** Take the key out of the link that opened the page, so that nobody reads it off the address. */
function keyInAddress() {
  if (!location.hash.includes("key=")) return null;
  const key = readKey(location.hash);
  history.replaceState(null, "", location.pathname);
  return key;
}

// --- Wiring -------------------------------------------------------------------------------------

$("setup-form").addEventListener("submit", (event) => {
  event.preventDefault();
  start(readKey($("key").value));
});
$("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = $("number").value;
  $("number").value = "";
  scan(typed);
});
$("change-key").addEventListener("click", async () => {
  const text = "The page forgets its key and asks for another one.";
  if (!(await view.ask({ head: "Change the device key?", text, yes: "Change the key" }))) {
    return focusField();
  }
  forget();
  keep("key", null);
  return setUp();
});
$("mute").addEventListener("click", () => {
  sound.muted = !sound.muted;
  keep("muted", sound.muted);
  view.showMuted(sound.muted);
  focusField();
});
$("dismiss").addEventListener("click", dismiss);
$("undo").addEventListener("click", () => shown && undo(shown));
$("more").addEventListener("click", () => {
  if (shown) settle(newScan(shown.referenceNumber, shown.admissionsLeft));
});
$("camera").addEventListener("click", switchCamera);
$("torch").addEventListener("click", async () => {
  const on = $("torch").getAttribute("aria-pressed") !== "true";
  await camera.light(on);
  $("torch").setAttribute("aria-pressed", String(on));
});
for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, () => sound.wake(), { capture: true, passive: true });
}
document.addEventListener("visibilitychange", () => {
  stayAwake();
  beat();
});
addEventListener("offline", () => api && heard(false));
addEventListener("online", () => {
  heardAt = 0;
  beat();
});
addEventListener("pageshow", (event) => event.persisted && hideVerdict());
addEventListener("hashchange", () => {
  const key = keyInAddress();
  if (key) start(key);
});
setInterval(beat, 2000);
// An Undo that has expired goes, but not from under somebody's finger.
setInterval(() => api && !$("scans").contains(document.activeElement) && listScans(), 15_000);

wireControls({ escape: dismiss });
wireScanner(scan);
view.wireDialogs();
sound.muted = recall("muted") === true;
view.showMuted(sound.muted);
const key = keyInAddress() ?? recall("key");
if (key) start(key);
else setUp();
