// One scan until it is answered: asked again under the same request id, so that nothing is admitted
// twice, and given up after a while, so that nobody is admitted who has gone.

import { NoAnswer, newRequestId } from "./api.js";
import { keep, recall } from "./store.js";

const GIVE_UP_AFTER = 30_000;
const ASK_AGAIN_AFTER = 1500;
// Whoever scans the same ticket again so soon asks for the answer that was lost.
const SAME_SCAN_WITHIN = 120_000;

/** Return the scan that was under way when the page was left, null when there is none. */
export function interrupted() {
  // Of one that was given up the page has said that nobody is admitted.
  const isUnderWay = (scan) => !scan.isGivenUp && age(scan.askedAt) < GIVE_UP_AFTER;
  return unanswered().find(isUnderWay) ?? null;
}

/** Return a scan to ask about; one whose answer was lost keeps its request id. */
export function newScan(referenceNumber, quantity) {
  const lost = unanswered().find(
    (scan) => scan.referenceNumber === referenceNumber && scan.quantity === quantity,
  );
  if (lost) return { ...lost, isGivenUp: false };
  return { referenceNumber, quantity, requestId: newRequestId(), askedAt: Date.now() };
}

/** Forget the scans whose answers are missing: they are another device's. */
export function forget() {
  keep("unanswered", null);
}

/**
 * Return the answer to a scan.
 *
 * again: called before it is asked again; stopped: tells whether nobody waits any longer. Throws
 * NoAnswer when it is given up, and what the API throws of a request that was refused.
 */
export async function check(api, scan, { again, stopped }) {
  const began = Date.now();
  keep("unanswered", [scan, ...others(scan)]);
  for (;;) {
    try {
      const answer = await api.scan(scan);
      if (answer.requestId !== scan.requestId) throw new NoAnswer();
      keep("unanswered", others(scan));
      return answer;
    } catch (fault) {
      if (!(fault instanceof NoAnswer)) {
        keep("unanswered", others(scan));
        throw fault;
      }
      if (stopped() || !navigator.onLine || age(began) > GIVE_UP_AFTER) return giveUp(scan);
    }
    again();
    await new Promise((resume) => setTimeout(resume, ASK_AGAIN_AFTER));
    if (stopped()) return giveUp(scan);
  }
}

/** Ask no more of itself; whoever scans the ticket again still gets the answer that was lost. */
function giveUp(scan) {
  keep("unanswered", [{ ...scan, isGivenUp: true }, ...others(scan)]);
  throw new NoAnswer();
}

function unanswered() {
  return (recall("unanswered") ?? []).filter((scan) => age(scan.askedAt) < SAME_SCAN_WITHIN);
}

function others(scan) {
  return unanswered().filter((one) => one.requestId !== scan.requestId);
}

/** Return the milliseconds since a moment; a clock that was set back makes it long ago. */
function age(moment) {
  const passed = Date.now() - moment;
  return passed < 0 ? Infinity : passed;
}
