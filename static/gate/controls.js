// The controls at the bottom: the field that is always ready for a scanner, and how many enter.

import { $, openQuestion, showQuantity } from "./view.js";

const MOST = 1000;
const STEPS = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
const isTouch = matchMedia("(pointer: coarse)").matches;

let quantity = 1;

/** Return how many enter on the next scan. */
export const chosenQuantity = () => quantity;

export function setQuantity(count) {
  quantity = Math.min(MOST, Math.max(1, count));
  showQuantity(quantity);
}

/** Have what a scanner types arrive, unless somebody is asked something. */
export function focusField() {
  if (isAtGate()) $("number").focus({ preventScroll: true });
}

/** On a phone the keyboard would cover half the screen: it comes when it is asked for. */
export function showKeyboard(wanted) {
  $("number").inputMode = wanted || !isTouch ? "text" : "none";
  $("keyboard").setAttribute("aria-pressed", String(wanted));
  $("number").blur();
  focusField();
}

/** escape: called when somebody wants the result out of the way. */
export function wireControls({ escape }) {
  repeat($("fewer"), -1);
  repeat($("more-people"), 1);
  $("keyboard").hidden = !isTouch;
  $("keyboard").addEventListener("click", () => {
    showKeyboard($("keyboard").getAttribute("aria-pressed") !== "true");
  });
  document.addEventListener("keydown", (event) => onKey(event, escape));
  addEventListener("focus", focusField);
}

function isAtGate() {
  return document.body.dataset.screen === "gate" && !openQuestion();
}

function onKey(event, escape) {
  if (!isAtGate()) return;
  if (event.key === "Escape") escape();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === $("number") && event.key in STEPS) {
    event.preventDefault();
    setQuantity(quantity + STEPS[event.key]);
  }
  // A scanner types wherever the focus is; a space on a button presses it.
  const presses = event.key === " " && event.target instanceof HTMLButtonElement;
  if (event.key.length === 1 && !presses) focusField();
}

/** A button that counts on for as long as it is held. */
function repeat(button, step) {
  let timer = 0;
  const stop = () => clearTimeout(timer);
  const count = (wait) => {
    setQuantity(quantity + step);
    timer = setTimeout(() => count(Math.max(45, wait * 0.8)), wait);
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button === 0) count(400);
  });
  for (const name of ["pointerup", "pointerleave", "pointercancel"]) {
    button.addEventListener(name, stop);
  }
  button.addEventListener("click", (event) => {
    // A key press is a click without a pointer.
    if (event.detail === 0) setQuantity(quantity + step);
    else focusField();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
