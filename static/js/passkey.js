// form[data-passkey] is sent with what a passkey answers: "create" makes one, "get" asks for one. The server
// gives the options for that at data-passkey-options.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-passkey]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  const status = form.querySelector("[data-passkey-error]");
  status.hidden = true;
  status.textContent = "";
  try {
    form.elements.passkey.value = JSON.stringify(await ask(form));
    form.submit();
  } catch (error) {
    delete form.dataset.busy;
    status.textContent = inWords(error, form.dataset.passkey);
    status.hidden = false;
  }
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) delete form.dataset.busy;
});

async function ask(form) {
  if (!window.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
  const options = await fetchOptions(form.dataset.passkeyOptions);
  const kind = form.dataset.passkey;
  const credential = await navigator.credentials[kind]({ publicKey: decoded(options) });
  return encoded(credential);
}

class Refused extends Error {}

async function fetchOptions(address) {
  const response = await fetch(address, { method: "POST", redirect: "error" });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refused(problem.message ?? "Something went wrong. Reload the page and try again.");
}

// decoded returns options with bytes in place of base64url. PublicKeyCredential has functions for this, but not
// in every browser.
function decoded(options) {
  const bytes = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const out = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) out.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) out.excludeCredentials = bytes(options.excludeCredentials);
  if (options.allowCredentials) out.allowCredentials = bytes(options.allowCredentials);
  return out;
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

function toBytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function inWords(error, kind) {
  if (error instanceof Refused) return error.message;
  switch (error?.name) {
    case "NotAllowedError":
    case "AbortError":
      return "You cancelled, or it took too long. Try again.";
    case "InvalidStateError":
      if (kind === "create") return "This passkey is registered already. Choose another device or password manager.";
      return "This passkey can't be used. Try another one.";
    case "SecurityError":
      return "Passkeys don't work at this address. Open Latchkey at its public address.";
    case "NotSupportedError":
      return "This browser or device doesn't support passkeys. Try another one.";
    case "ConstraintError":
      return "This device can't check that it's you. Set up a PIN, a fingerprint or face recognition on it first.";
    case "TypeError":
      return "The server can't be reached, or your session has ended. Reload the page and try again.";
  }
  return "Something went wrong. Reload the page and try again.";
}
