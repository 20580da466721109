// Live filter: an input with data-filter="<selector>" hides the items there that do not
// match; with an empty data-filter, those in the list of its own fieldset.
const listOf = (input) => {
  const selector = input.dataset?.filter;
  return selector ? document.querySelector(selector) : selector === "" && input.closest("fieldset")?.querySelector("[data-options]");
};

// Joiners are invisible: a text is found with and without them.
const joinless = (text) => text.toLowerCase().replace(/[\u200c\u200d]/g, "");

document.addEventListener("input", (event) => {
  const input = event.target;
  const list = listOf(input);
  if (!list) return;
  const words = joinless(input.value).split(/\s+/).filter(Boolean);
  const items = list.querySelectorAll("[data-filter-item]");
  let shown = 0;
  for (const item of items) {
    const text = joinless(item.textContent);
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) shown++;
  }
  status(input).textContent = `${shown} of ${items.length} shown`;
});

// Enter in a filter must not submit the form around it: the list is filtered already.
document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (event.key !== "Enter" || input.dataset?.filter === undefined || input.closest("form[role=search]")) return;
  event.preventDefault();
  const button = input.parentElement.querySelector("button[name=step]");
  if (button && button.offsetParent) button.click();
});

function status(input) {
  let region = input.nextElementSibling;
  if (!region?.matches("[data-filter-status]")) {
    region = document.createElement("span");
    region.className = "sr-only";
    region.dataset.filterStatus = "";
    region.setAttribute("role", "status");
    input.after(region);
  }
  return region;
}
