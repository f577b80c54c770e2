// What is shown. Every text is set as text: a scanned code is never read as HTML.

const COLOURS = { yes: "#08702f", no: "#b01020", wait: "#f2a900", unsure: "#f2a900", undone: "#33465f" };
const IDLE = "#0f172a";
const MOST_ITEMS = 4;

export const $ = (id) => document.getElementById(id);

export function showScreen(name) {
  document.body.dataset.screen = name;
}

/** Ask for the device key, with what was wrong with the last one. */
export function showSetup(fault, typed) {
  showScreen("setup");
  document.title = "Gate";
  $("setup-fault").textContent = fault;
  $("setup-fault").hidden = !fault;
  $("key").value = typed;
  $("key").focus();
}

/** Show which gate this is and what it admits; null when that was never heard. */
export function showDevice(device) {
  if (!device) return;
  const names = device.items.map((item) => item.description);
  const more = names.length > MOST_ITEMS ? ` and ${names.length - MOST_ITEMS} more` : "";
  $("device").textContent = device.name;
  $("venue").textContent = device.venue.name;
  $("admits").textContent = device.admitsEveryItem
    ? "This gate admits everything."
    : names.length
      ? `This gate admits ${names.slice(0, MOST_ITEMS).join(", ")}${more}.`
      : "This gate is set to nothing yet. Ask the office.";
  document.title = `${device.name} – Gate`;
}

export function showOffline(isOffline) {
  $("offline").hidden = !isOffline;
  $("ready-head").textContent = isOffline ? "Not ready" : "Ready";
  $("ready-icon").setAttribute("href", isOffline ? "#icon-offline" : "#icon-scan");
}

export function showQuantity(quantity) {
  $("quantity").value = quantity;
  $("fewer").disabled = quantity <= 1;
  $("scan-form").classList.toggle("is-group", quantity > 1);
}

export function showMuted(muted) {
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute-icon").setAttribute("href", muted ? "#icon-mute" : "#icon-sound");
}

export function showCamera(camera) {
  $("viewfinder").hidden = !camera.isOn;
  $("ready").hidden = camera.isOn;
  $("torch").hidden = !camera.hasLight;
  $("torch").setAttribute("aria-pressed", "false");
  $("camera").setAttribute("aria-pressed", String(camera.isOn));
}

/** Fill the whole screen with a result. kind: yes, no, wait, unsure or undone. */
export function showVerdict(kind, words) {
  const { head, reason = "", detail = "", more = "", undo = false, next = "Next" } = words;
  document.body.dataset.state = kind;
  document.querySelector("meta[name=theme-color]").content = COLOURS[kind];
  $("verdict-icon").setAttribute("href", `#icon-${kind}`);
  $("verdict-head").textContent = head;
  $("verdict-reason").textContent = reason;
  $("verdict-detail").textContent = detail;
  $("more").textContent = more;
  $("more").hidden = !more;
  $("undo").hidden = !undo;
  $("dismiss").textContent = next;
  $("dismiss").hidden = kind === "wait" && next === "Next";
  $("verdict").hidden = false;
  announce(`${head} ${reason}`);
  $("last").inert = $("stage").inert = true;
}

/** Have a screen reader say it: what becomes visible is not read out by itself. */
function announce(text) {
  $("announcement").textContent = text;
}

export function hideVerdict() {
  document.body.dataset.state = "idle";
  document.querySelector("meta[name=theme-color]").content = IDLE;
  $("verdict").hidden = true;
  announce("");
  $("last").inert = $("stage").inert = false;
}

let toastTimer = 0;

/** Say something small in passing. */
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  announce(text);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 5000);
}

/** Say which scans were not checked, for as long as they are not scanned again. */
export function showMissed(texts) {
  $("missed").replaceChildren(...texts.map((text) => element("p", "", text)));
  $("missed").hidden = texts.length === 0;
}

/** Return the question that is open, null when none is. */
export const openQuestion = () => document.querySelector("dialog[open]");

/** Close the question without an answer; then, when whoever asked knows, call back. */
export function leaveQuestion(then) {
  const dialog = openQuestion();
  dialog.addEventListener("close", () => setTimeout(then), { once: true });
  dialog.close("");
}

/** Ask in a dialog; return whether the answer is yes. Without `yes` it only tells. */
export async function ask({ head, text, yes = "" }) {
  $("ask-head").textContent = head;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  $("ask-yes").hidden = !yes;
  $("ask-no").textContent = yes ? "Back" : "OK";
  return (await answerOf($("ask-dialog"))) === "yes";
}

/** Ask why an admission is undone; return the reason, "" to keep it. */
export async function askReason(answer) {
  const count = answer.quantity > 1 ? `${answer.quantity} × ` : "";
  $("undo-what").textContent = `${count}${answer.description}, ${clock(answer.scannedAt)}`;
  $("other-reason").value = "";
  const value = await answerOf($("undo-dialog"));
  return value === "other" ? $("other-reason").value.trim() : value;
}

export function wireDialogs() {
  for (const button of document.querySelectorAll("dialog button")) {
    button.addEventListener("click", () => {
      if (button === $("other") && !$("other-reason").value.trim()) $("other-reason").focus();
      else button.closest("dialog").close(button.value);
    });
  }
}

/** Only a button answers, and none has the focus: a scanner may type at any moment. */
function answerOf(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  dialog.querySelector("h2").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Return the time in a moment, as the venue's clock shows it. */
const clock = (moment) => moment.slice(11, 16);

/** Return a date in words; it is the venue's, so that no time zone may move it. */
function day(date) {
  const options = { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" };
  return new Date(`${date}T00:00:00Z`).toLocaleDateString("en-GB", options);
}

/** Return which ticket an answer is about. */
export function about(answer) {
  const what = answer.admitted ? "" : answer.description;
  const when = [answer.visitDate && day(answer.visitDate), answer.visitTime?.slice(0, 5)]
    .filter(Boolean)
    .join(", ");
  const number = answer.outsideNumber ?? answer.referenceNumber ?? answer.scannedNumber;
  return [what, number, answer.outsideSystem, when].filter(Boolean).join(" · ");
}

/** Show the last scans, newest first. mayUndo: whether an answer can be undone now. */
export function showScans(answers, mayUndo, undo) {
  $("last-empty").hidden = answers.length > 0;
  $("scans").replaceChildren(...answers.map((answer) => row(answer, mayUndo(answer), undo)));
}

function row(answer, mayUndo, undo) {
  const kind = answer.undoneAt ? "undone" : answer.admitted ? "yes" : "no";
  const line = element("li", `scan scan-${kind}`);
  const text = element("div", "scan-text");
  const count = answer.quantity > 1 ? `${answer.quantity} × ` : "";
  const said = answer.undoneAt ? `Undone: ${answer.undoReason}` : answer.reason;
  const number = answer.referenceNumber ?? answer.scannedNumber;
  text.append(
    element("b", "", count + (answer.description ?? "No ticket")),
    element("span", "scan-reason", said),
    element("span", "scan-number", `${clock(answer.scannedAt)} · ${number}`),
  );
  line.append(icon(kind), text);
  if (mayUndo) {
    const button = element("button", "button button-small", "Undo");
    button.type = "button";
    button.setAttribute("aria-label", `Undo ${answer.description}, ${clock(answer.scannedAt)}`);
    button.addEventListener("click", () => undo(answer));
    line.append(button);
  }
  return line;
}

function icon(kind) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${kind}`);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", { yes: "Admitted", no: "Refused", undone: "Undone" }[kind]);
  drawing.append(use);
  return drawing;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
