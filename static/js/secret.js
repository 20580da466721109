// On a page that shows a secret, replaces the address with the list's, so that reloading or
// sharing it shows the list, and removes the value when the reader leaves.
const secret = document.querySelector("[data-secret]");
if (secret?.dataset.secretClose) {
  history.replaceState(null, "", secret.dataset.secretClose);
}

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
