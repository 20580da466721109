// The list of a token's permissions has every workspace and scope; this hides all but the
// chosen ones. A fetched dialog has no load event of its own, but it takes the focus.
const follow = (event) => {
  const form = event.target.closest?.("form") ?? document.querySelector("form:has([data-may])");
  const box = form?.querySelector("[data-may]");
  if (!box) return;
  const workspace = form.elements.workspace.value;
  const scope = form.elements.scope.value;
  for (const block of box.querySelectorAll("[data-may-workspaces]")) {
    block.hidden = workspace !== "" && !block.dataset.mayWorkspaces.split(" ").includes(workspace);
  }
  for (const line of box.querySelectorAll("[data-may-scope]")) {
    line.hidden = scope !== line.dataset.mayScope;
  }
};

for (const type of ["input", "focusin", "pageshow"]) addEventListener(type, follow);
