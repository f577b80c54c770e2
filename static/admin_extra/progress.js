"use strict";

// Keeps the page of a worklist up to date while its orders are worked off. Only the parts that
// have changed are replaced, so that nobody loses the button under the pointer.
(() => {
    const EVERY = 1000;
    const page = document.querySelector("[data-progress-url]");

    function isRunning() {
        return page.querySelector("[data-running]").dataset.running === "yes";
    }

    function replaceParts(fresh) {
        const names = new Set();
        let before = null;
        for (const part of fresh.querySelectorAll("[data-part]")) {
            const name = part.dataset.part;
            const old = page.querySelector(`[data-part="${name}"]`);
            names.add(name);
            if (old !== null && old.outerHTML === part.outerHTML) {
                before = old;
                continue;
            }
            if (old !== null) {
                replaceOne(old, part);
            } else if (before !== null) {
                before.after(part);
            } else {
                page.prepend(part);
            }
            before = part;
        }
        for (const old of page.querySelectorAll("[data-part]")) {
            if (!names.has(old.dataset.part)) old.remove();
        }
    }

    function replaceOne(old, part) {
        const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
        old.replaceWith(part);
        if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }

    async function look() {
        if (!document.hidden) {
            try {
                const answer = await fetch(page.dataset.progressUrl, { credentials: "same-origin" });
                // Signed out, or no longer allowed: the page itself says so.
                if (answer.redirected || answer.status === 403 || answer.status === 404) {
                    window.location.reload();
                    return;
                }
                if (answer.ok) {
                    const text = await answer.text();
                    replaceParts(new DOMParser().parseFromString(text, "text/html"));
                }
            } catch {
                // The connection is gone for a moment; the next look may find it again.
            }
        }
        if (isRunning()) window.setTimeout(look, EVERY);
    }

    if (page && isRunning()) window.setTimeout(look, EVERY);
})();
