// Returns what is wrong with the layout of a page: whether the page is wider than its window, each
// control that is outside the window or cut off by what it is in, and each that is too small to
// hit. In a modal dialog, only the dialog counts, and its buttons must be in sight.
() => {
  dispatchEvent(new Event("resize")); // the browser sends it a frame later
  const found = [];
  const frames = new Map(); // by the parent of a control, since many have the same ancestors
  const root = document.querySelector("dialog:modal") ?? document;
  const wide = document.documentElement.scrollWidth - Math.min(innerWidth, screen.width);
  if (wide > 0) found.push(`the page is ${wide} px too wide`);

  for (const e of root.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.matches(".skip-link")) continue;
    const box = target(e);
    const { left, right } = frame(e);
    if (box.left < left - 1 || box.right > right + 1) {
      found.push(`${name(e)} from ${px(box.left)} to ${px(box.right)} is outside ${px(left)} to ${px(right)}`);
    }
    const high = box.bottom - box.top;
    const broad = box.right - box.left;
    if ((high < 23.9 || broad < 23.9) && !exempt(e)) found.push(`${name(e)} is only ${px(broad)} x ${px(high)} px`);
    if (innerWidth < 480 && high < 43.9 && e.matches(".btn[data-variant=primary]")) {
      found.push(`the primary button ${name(e)} is only ${px(high)} px high`);
    }
  }

  for (const e of document.querySelectorAll("dialog:modal .actions > *")) {
    const box = e.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) {
      found.push(`${name(e)} of the dialog is out of sight, from ${px(box.top)} to ${px(box.bottom)} of ${innerHeight}`);
    }
    const below = e.closest("dialog").getBoundingClientRect().bottom - e.closest(".actions").getBoundingClientRect().bottom;
    if (Math.abs(below) > 2) found.push(`the footer of the dialog ends ${px(below)} px above its edge`);
  }
  return found;

  function px(n) {
    return n.toFixed(1);
  }

  function name(e) {
    return `${e.tagName} "${(e.getAttribute("aria-label") ?? e.textContent.trim()).slice(0, 40) || e.name || e.type}"`;
  }

  // target is what reacts to a finger: a control together with its labels.
  function target(e) {
    let box = e.getBoundingClientRect();
    for (const label of e.labels ?? []) {
      const other = label.getBoundingClientRect();
      box = e.matches(".sr-only") ? other : {
        left: Math.min(box.left, other.left), right: Math.max(box.right, other.right),
        top: Math.min(box.top, other.top), bottom: Math.max(box.bottom, other.bottom),
      };
    }
    return box;
  }

  // frame is the part of the window in which a control can be seen without scrolling sideways.
  function frame(e) {
    const a = e.parentElement;
    if (!a || a === document.body) return { left: 0, right: innerWidth };
    if (!frames.has(a)) {
      let { left, right } = frame(a);
      if (getComputedStyle(a).overflowX !== "visible") {
        const box = a.getBoundingClientRect();
        left = Math.max(left, box.left);
        right = Math.min(right, box.right);
      }
      frames.set(a, { left, right });
    }
    return frames.get(a);
  }

  // WCAG 2.2, 2.5.8, leaves out a link in a sentence, and what another control does as well: a day
  // of the chart can be typed into the filter below it.
  function exempt(e) {
    const besideText = [...e.parentElement.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    return (besideText && getComputedStyle(e).display === "inline") || e.matches(".audit-chart a");
  }
}
