// form[data-fragment=NAME] is the page behind a link with a secret in its fragment, which
// browsers send to nobody. The secret goes from there into the form, and the form is sent.
const form = document.querySelector("form[data-fragment]");

function take() {
  const secret = new URLSearchParams(location.hash.slice(1)).get(form.dataset.fragment);
  if (!secret) return;
  history.replaceState(null, "", location.pathname); // not left in the address bar and the history
  form.elements[form.dataset.fragment].value = secret;
  form.requestSubmit();
}

if (form) {
  take();
  addEventListener("hashchange", take); // another link, opened on this page
}
