"use strict";

// Everything here is an enhancement: the pages work without it.

const live = () => document.getElementById("live");
const isPoll = (event) => event.detail.requestConfig?.elt === live() || event.detail.elt === live();

// --- copying -------------------------------------------------------------------------------------------

// The clipboard exists on secure origins only, which include this machine.
function showCopyButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  announce("Copied");
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

// --- what screen readers hear --------------------------------------------------------------------------

// The live part has one short sentence to announce. It is spoken only if it is another one than before.
const sentence = () => live().querySelector("[data-announce]")?.textContent ?? "";
let announced = sentence();

function announce(text) {
  document.getElementById("announcement").textContent = text;
}

// --- refreshing ----------------------------------------------------------------------------------------

// While a form is sent, its page waits for the next one.
let isSending = false;

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (isSending) event.preventDefault();
  else if (!event.defaultPrevented) {
    isSending = true;
    announce("Please wait");
    document.body.classList.add("sending");
  }
});

// The browser may show this page again as it was, if the user goes back.
window.addEventListener("pageshow", () => {
  isSending = false;
  document.body.classList.remove("sending");
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if ((document.hidden || isSending) && isPoll(event)) event.preventDefault();
});

// A form does not send fields that are empty, so that addresses stay short.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});

// An open question must not move while the user answers it, and a selection of text must not vanish.
function isInUse() {
  const selection = document.getSelection();
  return live().querySelector("details.confirm[open]") !== null
    || (!selection.isCollapsed && live().contains(selection.anchorNode));
}

// What the user has opened and how far boxes are scrolled, by the identifier of the element.
let opened = new Map();
let scrolled = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isPoll(event) && isInUse()) {
    event.detail.shouldSwap = false;
    return;
  }
  opened = new Map([...live().querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  scrolled = new Map(
    [...live().querySelectorAll("[tabindex][id]")].map((one) => [one.id, [one.scrollLeft, one.scrollTop]]),
  );
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, isOpen] of opened) {
    const details = document.getElementById(id);
    if (details) details.open = isOpen;
  }
  for (const [id, [left, top]] of scrolled) document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
  showCopyButtons();
  if (sentence() !== announced) announce(announced = sentence());
});

// --- the connection ------------------------------------------------------------------------------------

function tell(problem) {
  const banner = document.getElementById("connection");
  if (banner.textContent !== problem) banner.textContent = problem;
}

const tellNoAnswer = () => tell("The service does not answer. The page shows what was last known, and tries again.");
document.addEventListener("htmx:sendError", tellNoAnswer);
document.addEventListener("htmx:timeout", tellNoAnswer);
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 404) tell("This page does not exist any more.");
  else tell(`The service cannot show this now (status ${status}). The page tries again.`);
});
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) tell(""); });

showCopyButtons();
