import { markCopied } from "./secret.js";

// Copy buttons: data-copy="<selector>" names an input or an element with text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.querySelector(button.dataset.copy);
  if (!source) return;
  const copied = (await toClipboard(source)) || bySelection(source);
  if (copied) markCopied(button);
  say(button, copied);
});

async function toClipboard(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    return false; // no permission, or a page without TLS
  }
}

function bySelection(source) {
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
  return document.execCommand("copy");
}

function say(button, copied) {
  const label = button.querySelector("[data-copy-label]");
  const status = button.parentElement.querySelector("[data-copy-status]");
  label.dataset.text ??= label.textContent;
  const text = copied ? "Copied" : "Press Ctrl+C";
  label.textContent = text;
  status.textContent = text;
  button.toggleAttribute("data-copied", copied);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    label.textContent = label.dataset.text;
    status.textContent = "";
    button.removeAttribute("data-copied");
  }, 4000);
}
