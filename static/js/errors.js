// The error of a field goes when the field changes, with its line in the summary, and the summary
// goes with its last line.
document.addEventListener("input", (event) => {
  const frame = event.target.closest(".field-error");
  if (!frame) return;
  frame.classList.remove("field-error");
  for (const field of frame.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const error = frame.querySelector(".error");
  for (const field of [frame, ...frame.querySelectorAll("[aria-describedby]")]) {
    const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error?.id);
    if (others.length > 0) field.setAttribute("aria-describedby", others.join(" "));
    else field.removeAttribute("aria-describedby");
  }
  error?.remove();
  const summary = event.target.form?.querySelector("[data-error-summary]");
  const ids = [frame.id, ...[...frame.querySelectorAll("[id]")].map((e) => e.id)].filter(Boolean);
  for (const link of summary?.querySelectorAll("a[href^='#']") ?? []) {
    if (ids.includes(link.hash.slice(1))) link.closest("li").remove();
  }
  if (summary && !summary.querySelector("li")) summary.remove();
});

// The error summary of a refused form takes the focus. Its links focus the fields.
document.querySelector("[data-error-summary]")?.focus();

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "center" });
  field.focus();
});
