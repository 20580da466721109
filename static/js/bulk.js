// The buttons of form[data-bulk] are off until a checkbox that belongs to it is checked. Without
// script they are on, and the server says that nothing is selected. When the whole page is selected,
// a box offers what is on the other pages as well.
const boxes = (form) => [...form.elements].filter((e) => e.type === "checkbox" && e.name && !e.closest("[data-bulk-pages]"));

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
  const whole = chosen > 0 && chosen === all.length;
  const switchAll = form.querySelector("[data-bulk-all]");
  switchAll.checked = whole;
  switchAll.indeterminate = chosen > 0 && !whole;
  const pages = followPages(form, whole);
  form.querySelector("[data-bulk-count]").textContent = pages ?? (chosen ? `${chosen} selected` : "");
  for (const button of form.querySelectorAll("button")) button.disabled = chosen === 0;
}

// followPages returns what to say if all pages are selected.
function followPages(form, whole) {
  const label = form.querySelector("[data-bulk-pages]");
  if (!label) return undefined;
  const box = label.querySelector("input");
  label.hidden = !whole;
  if (!whole) box.checked = false;
  return box.checked ? `${label.dataset.bulkPages} selected` : undefined;
}

// Also after the browser has restored what was checked.
const followAll = () => document.querySelectorAll("form[data-bulk]").forEach(follow);
followAll();
addEventListener("pageshow", followAll);
