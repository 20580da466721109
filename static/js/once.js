// form[data-once] is sent once: a double click makes no second token.
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

// A page that comes back from the browser's cache can be used again.
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
