// On a narrow screen the tabs scroll. Scrolls the current one to the middle, also when the
// screen is turned, and leaves the page where it is.
export function showCurrentTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const strip = tab.closest(".tabs");
    const { left, width } = tab.getBoundingClientRect();
    strip.scrollLeft += left + width / 2 - strip.getBoundingClientRect().left - strip.clientWidth / 2;
  }
}

showCurrentTab();
addEventListener("resize", showCurrentTab);
