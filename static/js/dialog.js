// Dialogs are sections of complete pages. Links with data-dialog fetch the dialog alone, for
// which the request says that it is all that is wanted; a dialog that the server has rendered
// open in a page becomes modal.
let opener;

for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) show(dialog);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && plainClick(event)) {
    event.preventDefault();
    openLink(link);
    return;
  }
  const cancel = event.target.closest("dialog[data-fetched] [data-cancel]");
  if (cancel && plainClick(event)) {
    event.preventDefault();
    cancel.closest("dialog").close();
  }
});

function plainClick(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

async function openLink(link) {
  const dialog = await fetchDialog(link.href);
  if (!dialog) {
    location.assign(link.href);
    return;
  }
  opener = link.closest("details[data-menu]")?.querySelector("summary") ?? link;
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
  location.assign(dialog.dataset.close);
}

function onClose(event) {
  event.currentTarget.remove();
  opener?.focus();
}
