// On a narrow screen the tabs scroll: the current one is brought into sight.
export function showCurrentTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    tab.scrollIntoView({ block: "nearest", inline: "center" });
  }
}

showCurrentTab();
