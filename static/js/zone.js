// Tells the server the browser's time zone, in which it shows times to those who have not chosen one.
// The cookie ends with the browser, and every page renews it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (/^[A-Za-z0-9_+/-]{1,40}$/.test(zone ?? "")) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `latchkey_zone=${zone}; Path=/; SameSite=Lax${secure}`;
}
