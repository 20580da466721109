import { uncopied } from "./secret.js";

// Dialogs are sections of complete pages. Links with data-dialog fetch the dialog alone, for
// which the request says that it is all that is wanted; a dialog that the server has rendered
// open in a page becomes modal.
let opener;

for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) show(dialog);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && plainClick(event)) {
    event.preventDefault();
    openDialog(link.href, link.closest("details[data-menu]")?.querySelector("summary") ?? link);
    return;
  }
  const cancel = event.target.closest("dialog[data-fetched] [data-cancel]");
  if (cancel && plainClick(event)) {
    event.preventDefault();
    cancel.closest("dialog").close();
  }
  if (event.target.closest("[data-keep-open]")) event.target.closest("dialog").close();
  const close = event.target.closest("dialog:has([data-secret-once]) a[href]");
  if (close && plainClick(event)) close.closest("dialog:has([data-secret-once])").dataset.leaving = "";
});

// A click outside closes a dialog with a secret, after the question. It must have begun outside as
// well: selecting text can end there.
let outside = null;

document.addEventListener("pointerdown", (event) => {
  outside = isOutside(event) ? event.target : null;
});

document.addEventListener("click", (event) => {
  if (outside !== null && outside === event.target && isOutside(event)) askOrClose(outside);
});

function isOutside(event) {
  if (!event.target.matches?.("dialog:modal:has([data-secret-once])")) return false;
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

function plainClick(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

// openDialog opens the dialog at an address. The focus returns to from when it closes.
export async function openDialog(href, from) {
  const dialog = await fetchDialog(href);
  if (!dialog) {
    location.assign(href);
    return;
  }
  opener = from;
  dialog.dataset.fetched = "";
  document.body.append(dialog);
  show(dialog);
}

// fetchDialog returns null for anything but a page of ours with a dialog. The browser
// then navigates there itself.
async function fetchDialog(href) {
  try {
    const response = await fetch(href, { redirect: "error", headers: { "Latchkey-Dialog": "1" } });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const dialog = page.querySelector("dialog[data-modal]");
    if (!dialog || document.getElementById(dialog.id)) return null;
    return document.adoptNode(dialog);
  } catch {
    return null;
  }
}

function show(dialog) {
  dialog.removeAttribute("open");
  dialog.addEventListener("cancel", onCancel);
  dialog.addEventListener("close", onClose);
  dialog.showModal();
}

// Esc does what Cancel does: a fetched dialog closes, a rendered one leads to its page.
function onCancel(event) {
  const dialog = event.currentTarget;
  if ("fetched" in dialog.dataset || !dialog.dataset.close) return;
  event.preventDefault();
  askOrClose(dialog);
}

// Browsers close a dialog without the event cancel when nobody has touched the page yet.
function onClose(event) {
  const dialog = event.currentTarget;
  if (!("fetched" in dialog.dataset) && dialog.dataset.close) {
    dialog.showModal();
    askOrClose(dialog);
    return;
  }
  dialog.remove();
  opener?.focus();
}

// askOrClose leads to the page of a rendered dialog. One with a secret that was not copied asks first.
function askOrClose(dialog) {
  if (!uncopied(dialog)) {
    location.assign(dialog.dataset.close);
    return;
  }
  const question = dialog.querySelector("dialog[data-ask-close]");
  if (!question.open) question.showModal();
}
