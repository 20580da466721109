// An element with data-poll fetches that address once a second, or every data-poll-every milliseconds, and shows the response.
// Status 204 means that the work is done: the page goes to data-poll-then.
for (const box of document.querySelectorAll("[data-poll]")) askLater(box);

function askLater(box) {
  setTimeout(() => ask(box), box.dataset.pollEvery ?? 1000);
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
