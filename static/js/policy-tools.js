// The tools of the policy editor: presets, copying, rows and columns, and the filter. The server does what
// their buttons say, as it does without scripts; this puts the parts of its answer into the page.
import { choices, keep } from "./keep.js";
import { answerTo } from "./policy.js";

const parts = ["[data-policy-tools]", ".policy-sections"];

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-policy] button[name=step]");
  if (!button || event.defaultPrevented || button.value === "summary" || button.value.startsWith("search:")) return;
  event.preventDefault();
  press(button);
});

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.dataset?.choose && target.value) buttonOf(target, target.dataset.choose).click();
  if (target.dataset?.show !== undefined) show(target.closest("[data-policy]"), target.value);
});

// Enter presses the button beside the field instead of the first one of the form.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.dataset?.press) return;
  event.preventDefault();
  buttonOf(event.target, event.target.dataset.press).click();
});

function buttonOf(field, step) {
  return field.closest("[data-policy]").querySelector(`button[name=step][value="${step}"]`);
}

// One press after the other, so that each is answered with what the one before it made of the form.
let pressed = Promise.resolve();

function press({ form, value }) {
  pressed = pressed.then(() => act(form.querySelector("[data-policy]"), value));
}

async function act(policy, step) {
  const button = policy.querySelector(`button[name=step][value="${CSS.escape(step)}"]`);
  if (!button) return; // the press before this one took it away
  const sent = choices(policy);
  const fresh = (await answerTo(button))?.querySelector("[data-policy]");
  if (!parts.every((part) => fresh?.querySelector(part))) {
    button.form.requestSubmit(button);
    return;
  }
  const focused = document.activeElement;
  const again = focused?.id || [focused?.name, focused?.value];
  const now = choices(policy);
  button.form.dataset.changed = "";
  for (const part of parts) policy.querySelector(part).replaceWith(document.adoptNode(fresh.querySelector(part)));
  const message = policy.querySelector("[data-policy-message]");
  message.textContent = fresh.querySelector("[data-policy-message]").textContent;
  keep(policy, sent, now);
  focus(policy, again);
  // The summary follows every change of the form.
  policy.dispatchEvent(new Event("change", { bubbles: true }));
}

// focus returns the focus to where it was: the field by its id, the button by its name and value.
function focus(policy, again) {
  if (typeof again === "string") document.getElementById(again)?.focus();
  else [...policy.querySelectorAll("button")].find((b) => b.name === again[0] && b.value === again[1])?.focus();
}

function show(policy, type) {
  for (const row of policy.querySelectorAll(".policy-row")) row.hidden = type !== "" && row.dataset.type !== type;
  for (const section of policy.querySelectorAll(".policy-section")) section.hidden = !section.querySelector(".policy-row:not([hidden])");
}
