// form[data-once] is sent only once, so that a double click creates no second token.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  // Later, so that the button's own name and value are still sent.
  setTimeout(() => setDisabled(form, true));
});

// Makes a page usable again when it comes back from the browser's cache.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once][data-sent]")) {
    delete form.dataset.sent;
    setDisabled(form, false);
  }
});

function setDisabled(form, disabled) {
  for (const control of form.elements) {
    if (control.type === "submit") control.disabled = disabled;
  }
}
