// On a page that shows a secret, replaces the address with the list's, so that reloading or
// sharing it shows the list, and removes the value when the reader leaves.
const secret = document.querySelector("[data-secret]");
if (secret?.dataset.secretClose) {
  history.replaceState(null, "", secret.dataset.secretClose);
}

// [data-secret-once] holds a value that is shown only once. It counts as copied once a copy button in
// it has worked (js/copy.js), or somebody has copied the whole value by hand.
export function uncopied(dialog) {
  return dialog.querySelector("[data-secret-once]:not([data-secret-copied])") !== null;
}

export function markCopied(element) {
  element.closest("[data-secret-once]")?.setAttribute("data-secret-copied", "");
}

document.addEventListener("copy", (event) => {
  const once = event.target.closest?.("[data-secret-once]");
  for (const element of once?.querySelectorAll("[data-secret-value]") ?? []) {
    const text = element.value ?? element.textContent;
    const field = document.activeElement === element && element.value;
    const chosen = field ? text.slice(element.selectionStart, element.selectionEnd) : String(getSelection());
    if (chosen.includes(text)) markCopied(element);
  }
});

// Asks also before a reload and before the tab is closed.
addEventListener("beforeunload", (event) => {
  const dialog = document.querySelector("dialog:has([data-secret-once])");
  if (dialog && uncopied(dialog) && !("leaving" in dialog.dataset)) event.preventDefault();
});

addEventListener("pagehide", () => {
  for (const element of document.querySelectorAll("[data-secret-value]")) {
    if ("value" in element) element.value = "";
    element.removeAttribute("value");
    if (element.tagName !== "INPUT") element.textContent = "";
  }
});

// Back from the browser's cache, the page is empty: show the list instead.
addEventListener("pageshow", (event) => {
  if (event.persisted && secret) location.reload();
});
