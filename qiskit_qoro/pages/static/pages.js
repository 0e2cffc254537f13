"use strict";

// Everything here is an enhancement: the pages work without it.

// --- copying -------------------------------------------------------------------------------------------

function showCopyButtons(root) {
  if (!navigator.clipboard) return; // not a secure context
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const text = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = text; }, 1500);
});

showCopyButtons(document);
document.addEventListener("htmx:afterSwap", () => showCopyButtons(document));

// --- refreshing ----------------------------------------------------------------------------------------

const isLive = (event) => event.detail.elt.id === "live" || event.target.id === "live";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isLive(event)) event.preventDefault();
});
