// Comforts of the documentation: tabs, copy buttons, colours in samples, and where you are on the page.
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

  const CODE = new RegExp(
    [
      /((?:#|\/\/).*)/,
      /("""[^]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)/,
      /\b(and|as|async|await|class|const|def|elif|else|except|export|for|from|function|if|import|in|is|let|new|not|of|or|raise|return|throw|try|while|with|yield)\b/,
    ]
      .map((part) => part.source)
      .join("|"),
    "g",
  );

  function colourCode(block) {
    const text = block.textContent;
    const parts = document.createDocumentFragment();
    let end = 0;
    for (const found of text.matchAll(CODE)) {
      const token = document.createElement("span");
      token.className = found[1] ? "t-note" : found[2] ? "t-text" : "t-name";
      token.textContent = found[0];
      parts.append(text.slice(end, found.index), token);
      end = found.index + found[0].length;
    }
    parts.append(text.slice(end));
    block.replaceChildren(parts);
  }

  // Without this script the sections of a group stand one below the other.
  function makeTabs(group) {
    const name = `docs-tab-${group.dataset.tabs}`;
    const panels = [...group.children];
    const list = document.createElement("div");
    list.className = "tab-list";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", group.dataset.label);
    const tabs = panels.map((panel, index) => {
      const heading = panel.querySelector("h3, h4");
      const tab = document.createElement("button");
      tab.type = "button";
      tab.id = `${name}-${index}`;
      tab.textContent = heading.textContent;
      tab.setAttribute("role", "tab");
      heading.hidden = true;
      panel.id ||= `${name}-panel-${index}`;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      tab.setAttribute("aria-controls", panel.id);
      tab.addEventListener("click", () => choose(index));
      return tab;
    });
    const choose = (chosen) => {
      tabs.forEach((tab, index) => {
        tab.setAttribute("aria-selected", index === chosen);
        tab.tabIndex = index === chosen ? 0 : -1;
        panels[index].hidden = index !== chosen;
      });
      try {
        localStorage.setItem(name, tabs[chosen].textContent);
      } catch {
        // Whoever keeps nothing on the device chooses again on the next page.
      }
    };
    list.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement);
      const last = tabs.length - 1;
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const chosen = (next + tabs.length) % tabs.length;
      choose(chosen);
      tabs[chosen].focus();
    });
    list.append(...tabs);
    group.prepend(list);
    group.classList.add("made");
    let kept = null;
    try {
      kept = localStorage.getItem(name);
    } catch {
      // As above.
    }
    choose(Math.max(0, tabs.findIndex((tab) => tab.textContent === kept)));
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
  document.querySelectorAll("code.language-python, code.language-javascript").forEach(colourCode);
  document.querySelectorAll(".tabs").forEach(makeTabs);
  document.querySelectorAll("main pre").forEach(addCopyButton);
  const toc = document.querySelector(".toc");
  if (toc) followReading(toc);
  for (const link of document.querySelectorAll(".toc-small a")) {
    link.addEventListener("click", () => link.closest("details").removeAttribute("open"));
  }
})();
