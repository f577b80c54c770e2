// Comforts of the documentation: copy buttons, colours in samples, and where you are on the page.
"use strict";

(() => {
  const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?\b)/g;

  function colour(block) {
    const text = block.textContent;
    const parts = document.createDocumentFragment();
    let end = 0;
    for (const found of text.matchAll(TOKEN)) {
      parts.append(text.slice(end, found.index));
      const token = document.createElement("span");
      const [all, string, colon] = found;
      token.className = string ? (colon ? "t-name" : "t-text") : "t-value";
      token.textContent = string ?? all;
      parts.append(token, string && colon ? colon : "");
      end = found.index + all.length;
    }
    parts.append(text.slice(end));
    block.replaceChildren(parts);
  }

  function addCopyButton(pre) {
    const code = pre.querySelector("code");
    const frame = document.createElement("div");
    frame.className = "sample";
    pre.replaceWith(frame);
    pre.tabIndex = 0;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    frame.append(pre, button);
  }

  function followReading(toc) {
    const links = new Map();
    for (const link of toc.querySelectorAll("a")) {
      const target = document.getElementById(link.hash.slice(1));
      if (target) links.set(target, link);
    }
    const mark = () => {
      let current = null;
      for (const [target, link] of links) {
        if (target.getBoundingClientRect().top < 140) current = link;
      }
      for (const link of links.values()) {
        if (link === current) link.setAttribute("aria-current", "location");
        else link.removeAttribute("aria-current");
      }
    };
    addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
    mark();
  }

  document.querySelectorAll("code.language-json").forEach(colour);
  document.querySelectorAll("main pre").forEach(addCopyButton);
  const toc = document.querySelector(".toc");
  if (toc) followReading(toc);
  for (const link of document.querySelectorAll(".toc-small a")) {
    link.addEventListener("click", () => link.closest("details").removeAttribute("open"));
  }
})();
