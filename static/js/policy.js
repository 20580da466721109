// The policy editor: "Select all", searching without a reload, and a summary that follows
// the choices.
import { choices, keep } from "./keep.js";

let timer;
let running;

document.addEventListener("change", (event) => {
  const policy = event.target.closest("[data-policy]");
  if (!policy) return;
  if (event.target.matches("[data-select-all]")) selectAll(event.target);
  else if (event.target.matches(".policy-selected")) listFirst(event.target);
  else if (event.target.closest("[data-options]")) followOptions(event.target);
  if (event.target.dataset.filter === undefined) schedule(policy);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-policy] button[name=step][value^='search:']");
  if (!button || event.defaultPrevented) return;
  event.preventDefault();
  search(button);
});

// A long list is rendered empty. Load its beginning when somebody wants to choose from it.
function listFirst(radio) {
  const limit = radio.closest(".policy-limit");
  if (limit.querySelector(".policy-nothing")) search(limit.querySelector(".policy-search button"));
}

// search replaces the list with the one in the response. Without a response, it sends the
// form as it would be sent without scripts.
async function search(button) {
  const list = button.closest(".policy-list");
  const id = list.querySelector("[data-options]").id;
  const sent = choices(list);
  const fresh = (await answerTo(button))?.getElementById(id)?.closest(".policy-list");
  if (!fresh) {
    button.form.requestSubmit(button);
    return;
  }
  const typing = list.contains(document.activeElement);
  const now = choices(list);
  list.replaceWith(document.adoptNode(fresh));
  keep(fresh, sent, now);
  if (typing) fresh.querySelector("input[type=search]").focus();
}

// answerTo sends the form as the button does and returns the page in the response, or null without one.
export async function answerTo(button) {
  try {
    const body = new URLSearchParams(new FormData(button.form, button));
    const response = await fetch(button.form.action, { method: "POST", body, redirect: "error" });
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null;
  }
}

function options(element) {
  return [...element.closest(".policy-list").querySelectorAll("[data-options] input:not(:disabled)")];
}

function selectAll(box) {
  for (const option of options(box)) option.checked = box.checked;
}

// Clearing one option clears "Select all".
function followOptions(option) {
  const all = option.closest(".policy-list").querySelector("[data-select-all]");
  if (!option.checked) all.checked = false;
}

function schedule(policy) {
  const summary = policy.querySelector("[data-summary-href]");
  const form = policy.closest("form");
  if (!summary || !form) return;
  clearTimeout(timer);
  timer = setTimeout(() => refresh(summary, form), 250);
}

async function refresh(summary, form) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  summary.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(summary.dataset.summaryHref, {
      method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error", signal,
    });
    if (response.ok) show(summary, await response.text());
  } catch {
    // Superseded or offline: the last summary stays, the server checks on submit anyway.
  } finally {
    if (!signal.aborted) summary.removeAttribute("aria-busy");
  }
}

function show(summary, html) {
  const text = new DOMParser().parseFromString(html, "text/html").querySelector("[data-policy-summary-text]");
  if (!text || text.textContent === summary.textContent) return;
  summary.replaceChildren(document.adoptNode(text));
}
