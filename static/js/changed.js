// A form with changes that were not sent asks before the page is left: by a link, a reload or closing
// the tab. So does one that the server has refused, which holds what was typed. Signing in is no loss.
// "Cancel" says what it does and leaves without a question.
for (const form of document.querySelectorAll("form[method=post]:not([action$='/sign-in']):has([data-error-summary])")) {
  form.dataset.changed = "";
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.method === "post" && !form.matches("[data-search]") && event.target.dataset.filter === undefined) form.dataset.changed = "";
});

const forget = () => document.querySelectorAll("form[data-changed]").forEach((form) => delete form.dataset.changed);

document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) forget();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-cancel]")) forget();
});

addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-changed]")) event.preventDefault();
});
