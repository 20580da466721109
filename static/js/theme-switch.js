// The switch System / Light / Dark. The choice stays in this browser.
const root = document.documentElement;

for (const input of document.querySelectorAll("[data-theme-switch] input")) {
  input.checked = input.value === (root.dataset.theme ?? "system");
}

document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const theme = event.target.value;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage is blocked: the choice holds for this page.
  }
});
