import { openDialog } from "./dialog.js";
import { openSearch } from "./search.js";

// "/" and Ctrl+K open the search, "?" lists the keys. Those of a single key can be switched off, because
// they get in the way of speech input. The choice stays in this browser.
const stored = "single-keys";
let single = true;
try {
  single = localStorage.getItem(stored) !== "off";
} catch {
  // Storage is blocked: they are on.
}

const editable = (element) => element.matches?.("input, textarea, select, [contenteditable]") && !element.matches("[type=checkbox], [type=radio]");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
    if (!document.querySelector("form[data-search-open]")) return;
    event.preventDefault();
    openSearch();
    return;
  }
  if (!single || event.ctrlKey || event.metaKey || editable(event.target) || document.querySelector("dialog:modal")) return;
  const link = document.querySelector("a[data-shortcuts]");
  if (event.key === "/" && link) {
    event.preventDefault();
    openSearch();
  } else if (event.key === "?" && link) {
    event.preventDefault();
    openDialog(link.href, document.activeElement);
  }
});

// The box is in a dialog that comes later.
const sync = () => document.querySelectorAll("[data-single-keys]").forEach((box) => (box.checked = single));
new MutationObserver(sync).observe(document.body, { childList: true });
sync();

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-single-keys]")) return;
  single = event.target.checked;
  try {
    localStorage.setItem(stored, single ? "on" : "off");
  } catch {
    // Storage is blocked: the choice holds for this page.
  }
});
