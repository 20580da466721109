import { openDialog } from "./dialog.js";

// The button "Search" opens a dialog that lists results while one types. It asks the same address as the
// page without script.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-search-open]")) return;
  event.preventDefault();
  openSearch();
});

let opening = false;
let early = ""; // typed while the dialog was being fetched

// openSearch opens the dialog once, from the button in the header.
export async function openSearch() {
  const opener = document.querySelector("form[data-search-open]");
  if (!opener || opening || document.querySelector("dialog:modal")) return;
  opening = true;
  await openDialog(opener.action, opener.querySelector("button"));
  opening = false;
  const field = document.querySelector("dialog form[data-search]")?.elements.q;
  if (field && early) {
    field.value = early;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  early = "";
}

document.addEventListener("keydown", (event) => {
  if (!opening || event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  event.preventDefault();
  early += event.key;
});

// A secret must not get into an address, so nothing is sent that looks like one. The server has the same
// rule: token.LooksSecret.
export function looksSecret(text) {
  const bare = text.replace(/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, (c) => (/\s/.test(c) && c !== "\ufeff" ? c : ""));
  const runs = bare.match(/[0-9A-Za-z]{40,}|(?<![\w-])[\w-]{43}(?![\w-])/g) ?? [];
  return /lk[a-z]{1,4}at_[0-9A-Za-z]{8}/.test(bare.replace(/\s/g, "")) || /lkacs_|whsec_/.test(bare) ||
    runs.some((run) => /[0-9]/.test(run) && /[A-Z]/.test(run) && /[a-z]/.test(run));
}

function refuses(form) {
  const secret = looksSecret(form.elements.q.value);
  form.querySelector("[data-search-refusal]").hidden = !secret;
  return secret;
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-search]") && refuses(event.target)) event.preventDefault();
});

let timer;
let running;

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("dialog form[data-search]");
  if (!form || event.target.name !== "q") return;
  clearTimeout(timer);
  running?.abort();
  if (refuses(form) || !event.target.value.trim()) show(form, "", []);
  else timer = setTimeout(() => ask(form), 150);
});

async function ask(form) {
  const request = (running = new AbortController());
  try {
    const response = await fetch(`${form.action}?q=${encodeURIComponent(form.elements.q.value)}`,
      { signal: request.signal, redirect: "error", headers: { "Latchkey-Dialog": "1" } });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (request.signal.aborted) return;
    show(form, page.querySelector("[data-search-status]").textContent, page.querySelector("[data-search-results]").childNodes);
  } catch {
    if (!request.signal.aborted) show(form, "The search failed. Press Find to try again.", []);
  }
}

function show(form, status, results) {
  const list = form.querySelector("[data-search-results]");
  list.replaceChildren(...results);
  list.hidden = !list.querySelector("[role=option]");
  form.querySelector("[data-search-status]").textContent = status;
  form.elements.q.setAttribute("aria-expanded", String(!list.hidden));
  form.elements.q.removeAttribute("aria-activedescendant");
}

// The focus stays in the field. Arrow keys choose a result, and Enter opens it.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("dialog form[data-search]");
  if (!form || event.target.name !== "q" || event.isComposing) return;
  const options = [...form.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    options[at].click();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || options.length === 0) return;
  event.preventDefault();
  const next = at < 0 && step < 0 ? options.length - 1 : (at + step + options.length) % options.length;
  for (const option of options) option.ariaSelected = String(option === options[next]);
  options[next].scrollIntoView({ block: "nearest" });
  event.target.setAttribute("aria-activedescendant", options[next].id);
});
