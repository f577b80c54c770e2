// Draws the API reference from the OpenAPI file of this very host; nothing else is fetched.
"use strict";

(() => {
  const target = document.getElementById("reference");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  follow();
  dark.addEventListener("change", follow);

  SwaggerUIBundle({
    url: target.dataset.url,
    domNode: target,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
    syntaxHighlight: { theme: "nord" },
    validatorUrl: null,
    onComplete: () => document.getElementById("servers")?.setAttribute("aria-label", "Server"),
  });
})();
