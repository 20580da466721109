// On a narrow screen the tabs scroll. Scrolls the current one into view.
export function showCurrentTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    tab.scrollIntoView({ block: "nearest", inline: "center" });
  }
}

showCurrentTab();
