"use strict";

// The clipboard is there on https and localhost only; selecting works everywhere.
function copyText(element) {
    if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(element.textContent.trim());
        return;
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
}

// A page that shows a secret once, or what a form would do, is the answer to that form: loading it
// anew, or going back to it, would send the form again. It leads where the form can be filled in.
document.addEventListener("DOMContentLoaded", () => {
    const shown = document.querySelector("[data-shown-once]");
    if (shown) {
        history.replaceState(null, "", shown.dataset.shownOnce);
    }
});

// What a screen reader has to be told: where the page's own part begins, and what a searchable choice
// is called, which its widget leaves unsaid until something is chosen.
function nameChoices() {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
        const label = select.labels[0];
        for (const part of select.nextElementSibling.querySelectorAll("[role]")) {
            if (label) {
                label.id ||= `${select.id}-label`;
                part.setAttribute("aria-labelledby", `${label.id} ${part.id}`.trim());
            } else {
                part.setAttribute("aria-label", select.ariaLabel || select.name);
            }
        }
    }
}

window.addEventListener("load", () => {
    document.getElementById("main")?.setAttribute("role", "main");
    // Widgets are made when jQuery finds the page ready, which may be later than this: after them.
    window.django?.jQuery?.(nameChoices);
});
document.addEventListener("formset:added", nameChoices);

// Until its font is there a list may be wider than its window, and keep the scroll bar it had then
// across its last row: have it measured once more.
window.addEventListener("load", async () => {
    await document.fonts.ready;
    for (const list of document.querySelectorAll("[data-simplebar]")) {
        window.SimpleBar?.instances.get(list)?.recalculate();
    }
});

// A file that is too large is told of before it is sent: what the server answers is no page.
document.addEventListener("change", ({ target }) => {
    const most = Number(target.dataset?.maxBytes);
    if (!most || target.type !== "file") return;
    const size = target.files[0]?.size ?? 0;
    target.setCustomValidity(size > most ? target.dataset.tooLarge : "");
    target.reportValidity();
});
document.addEventListener("submit", (event) => {
    const file = event.target.querySelector("input[data-max-bytes]");
    if (file && !file.checkValidity()) {
        event.preventDefault();
        event.stopImmediatePropagation();
        file.reportValidity();
    }
}, true);
