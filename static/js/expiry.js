// Shows the exact expiry in words while a form is filled in.
const date = new Intl.DateTimeFormat("en-GB", {
  weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
});

document.addEventListener("input", (event) => {
  const box = event.target.closest(".expiry");
  if (!box) return;
  const select = box.querySelector("[data-expiry]");
  const preview = box.querySelector("[data-expiry-preview]");
  preview.textContent =
    select.value === "date"
      ? fromDate(box.querySelector("[data-expiry-date]"))
      : (select.selectedOptions[0]?.dataset.until ?? "");
});

// data-until-text on the date field replaces the default text; {date} stands for the day.
function fromDate(input) {
  const day = input.valueAsDate;
  if (!day) return "";
  if (input.min && input.value < input.min) return `${date.format(day)} is over in ${input.dataset.zone}.`;
  const text = input.dataset.untilText ?? `Expires at the end of {date} in ${input.dataset.zone}.`;
  return text.replace("{date}", date.format(day));
}
