// An element with data-poll asks there once a second and takes over what is in the answer.
// No content means that there is nothing to wait for any more: the page goes on to
// data-poll-then.
for (const box of document.querySelectorAll("[data-poll]")) askLater(box);

function askLater(box) {
  setTimeout(() => ask(box), 1000);
}

async function ask(box) {
  try {
    const response = await fetch(box.dataset.poll, { redirect: "error" });
    if (response.status === 204) {
      location.assign(box.dataset.pollThen);
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-poll]");
    if (!response.ok || !fresh) throw new Error("no progress");
    box.replaceChildren(...document.adoptNode(fresh).childNodes);
  } catch {
    box.querySelector("[data-poll-lost]").hidden = false;
  }
  askLater(box);
}
