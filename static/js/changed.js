// A form with changes that were not sent asks before the page is left: by a link, a reload or closing
// the tab. "Cancel" says what it does and leaves without a question.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.method === "post" && event.target.dataset.filter === undefined) form.dataset.changed = "";
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
