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

// A page that shows a secret once is the answer to a form: loading it anew would send that again.
document.addEventListener("DOMContentLoaded", () => {
    const shown = document.querySelector("[data-shown-once]");
    if (shown) {
        history.replaceState(null, "", shown.dataset.shownOnce);
    }
});
