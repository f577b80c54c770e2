// A scanner that types, while a question is open: what it types never answers the question.

import { focusField } from "./controls.js";
import { $, leaveQuestion, openQuestion } from "./view.js";

// A longer pause than this is a person's: what was typed before it belongs to nothing.
const PAUSE = 500;
// Nobody types a whole word as fast as this, in milliseconds a key.
const FAST = 50;
const SHORTEST = 6;
// A number of ours: a letter and 16 characters of Crockford's base 32.
const NUMBER = /[A-Z][0-9A-HJKMNP-TV-Z]{16}$/i;

let typed = "";
let began = 0;
let last = 0;

/** scanned: called with a number that was scanned into a question, after the question has gone. */
export function wireScanner(scanned) {
  // First of all, and always: a scan may begin before the question opens.
  document.addEventListener("keydown", (event) => onKey(event, scanned), { capture: true });
}

function onKey(event, scanned) {
  if (event.timeStamp - last > PAUSE) typed = "";
  if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) return note(event);
  if (event.key !== "Enter") return undefined;
  const number = openQuestion() && typed && scanIn(event.target);
  // Enter presses a button only when nothing was typed just before.
  if (openQuestion() && typed) event.preventDefault();
  typed = "";
  if (!number) return undefined;
  event.stopPropagation();
  $("number").value = "";
  leaveQuestion(() => scanned(number));
  // A second Enter must not press the button that asked.
  return focusField();
}

function note(event) {
  // A space on a button presses it, unless a scanner is typing.
  if (event.key === " " && openQuestion() && event.target instanceof HTMLButtonElement) {
    if (!typed) return;
    event.preventDefault();
  }
  if (!typed) began = event.timeStamp;
  typed += event.key;
  last = event.timeStamp;
}

/** Return what was scanned; in a field for words only what no person types, "" otherwise. */
function scanIn(target) {
  if (!(target instanceof HTMLInputElement)) return typed;
  // A person may have typed something just before.
  const number = NUMBER.exec(typed);
  if (number) return number[0];
  const isFast = typed.length >= SHORTEST && (last - began) / (typed.length - 1) <= FAST;
  return isFast ? typed : "";
}
