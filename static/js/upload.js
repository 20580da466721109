// form[data-upload] is sent in the background and shows how much has been sent. The
// response replaces the page, as if the browser had sent the form.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const file = form.matches("[data-upload]") && form.querySelector("input[type=file]").files[0];
  if (!file || event.defaultPrevented) return;
  event.preventDefault();
  if (!form.dataset.sent) send(form);
});

function send(form) {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => showSent(form, event));
  request.addEventListener("load", () => showAnswer(form, request));
  request.addEventListener("error", () => showState(form, false, true));
  request.open("POST", form.action);
  request.send(new FormData(form));
  showState(form, true, false);
}

function showState(form, sending, broken) {
  if (sending) form.dataset.sent = "true";
  else delete form.dataset.sent;
  form.querySelector("[data-upload-bar]").hidden = !sending;
  form.querySelector("[data-upload-broken]").hidden = !broken;
  form.querySelector("button[type=submit]").disabled = sending;
}

function showSent(form, event) {
  const bar = form.querySelector("[data-upload-bar] progress");
  bar.max = event.total;
  bar.value = event.loaded;
  const text = event.loaded === event.total ? "All sent" : `${megabytes(event.loaded)} of ${megabytes(event.total)} MB`;
  bar.textContent = text;
  form.querySelector("[data-upload-bar] .progress-text span").textContent = text;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function showAnswer(form, request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  // A refused form stays at its own address, which can be reloaded.
  if (request.responseURL !== form.action) history.pushState(null, "", request.responseURL);
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
  scrollTo(0, 0);
  (document.querySelector("[data-error-summary]") ?? document.querySelector("main")).focus();
}
