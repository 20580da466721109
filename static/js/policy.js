// The policy editor: "Select all" and the summary in plain words that follows the choices.
let timer;
let running;

document.addEventListener("change", (event) => {
  const policy = event.target.closest("[data-policy]");
  if (!policy) return;
  if (event.target.matches("[data-select-all]")) selectAll(event.target);
  else if (event.target.closest("[data-options]")) followOptions(event.target);
  if (event.target.dataset.filter === undefined) schedule(policy);
});

function options(element) {
  return [...element.closest(".policy-list").querySelectorAll("[data-options] input:not(:disabled)")];
}

function selectAll(box) {
  for (const option of options(box)) option.checked = box.checked;
}

// Leaving one out means that no longer all are selected.
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
