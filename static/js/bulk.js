// The buttons of form[data-bulk] are off until a checkbox that belongs to it is checked. Without
// script they are on, and the server says that nothing is selected.
const boxes = (form) => [...form.elements].filter((e) => e.type === "checkbox" && e.name);

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.matches("[data-bulk]")) return;
  if (event.target.matches("[data-bulk-all]")) {
    for (const box of boxes(form)) box.checked = event.target.checked && box.closest("tr")?.hidden !== true;
  }
  follow(form);
});

function follow(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const switchAll = form.querySelector("[data-bulk-all]");
  switchAll.checked = chosen > 0 && chosen === all.length;
  switchAll.indeterminate = chosen > 0 && chosen < all.length;
  form.querySelector("[data-bulk-count]").textContent = chosen ? `${chosen} selected` : "";
  for (const button of form.querySelectorAll("button")) button.disabled = chosen === 0;
}

// Also after the browser has restored what was checked.
const followAll = () => document.querySelectorAll("form[data-bulk]").forEach(follow);
followAll();
addEventListener("pageshow", followAll);
