package identity

import (
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/plaintext"
)

// Preset is what is known of a kind of provider before anything is filled in.
type Preset struct {
	Key         string
	Kind        Kind
	Label       string
	Dialog      string // title of the dialog that adds one
	Issuer      string // example, or the issuer itself if it is fixed
	IssuerHelp  string
	GroupsClaim string
}

// Presets returns the presets, the last one for all other providers of OpenID Connect.
func Presets() []Preset {
	return []Preset{
		{"okta", KindOpenID, "Okta", "Add Okta", "https://example.okta.com", "The address of your Okta organization.", "groups"},
		{"entra", KindOpenID, "Microsoft Entra ID", "Add Microsoft Entra ID", "https://login.microsoftonline.com/TENANT-ID/v2.0",
			"With the tenant ID of your directory in place of TENANT-ID.", "groups"},
		{"google", KindOpenID, "Google Workspace", "Add Google Workspace", googleIssuer,
			"The same for every Google Workspace. List your domains below.", ""},
		{"keycloak", KindOpenID, "Keycloak", "Add Keycloak", "https://keycloak.example.com/realms/REALM",
			"With the name of your realm in place of REALM.", "groups"},
		{"saml-okta", KindSAML, "Okta", "Add Okta (SAML)", "", "Sign On > SAML Signing Certificates > Identity Provider metadata.", "groups"},
		{"saml-entra", KindSAML, "Microsoft Entra ID", "Add Microsoft Entra ID (SAML)", "",
			"Single sign-on > SAML Certificates > App Federation Metadata Url.",
			"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"},
		{"saml-google", KindSAML, "Google Workspace", "Add Google Workspace (SAML)", "",
			"Google shows a file: download the metadata, and paste it below.", "groups"},
		{"saml-keycloak", KindSAML, "Keycloak", "Add Keycloak (SAML)", "", "https://KEYCLOAK/realms/REALM/protocol/saml/descriptor", "groups"},
		{"saml", KindSAML, "Other SAML provider", "Add a SAML provider", "", "The address at which the provider serves its metadata.", "groups"},
		{"other", KindOpenID, "Other OpenID Connect provider", "Add an OpenID Connect provider", "https://login.example.com",
			"The address below which the provider serves /.well-known/openid-configuration.", "groups"},
	}
}

// PresetOf returns the preset with a key; the last one if there is none.
func PresetOf(key string) Preset {
	list := Presets()
	if i := slices.IndexFunc(list, func(p Preset) bool { return p.Key == key }); i >= 0 {
		return list[i]
	}
	return list[len(list)-1]
}

// CommonTenants is the sentence for an issuer of Entra that is not that of one tenant.
const CommonTenants = "Enter the issuer of your own tenant, such as https://login.microsoftonline.com/TENANT-ID/v2.0. " +
	"“common”, “organizations” and “consumers” accept accounts of every tenant."

// checkIssuer returns what is wrong with an issuer as a sentence, or "".
func checkIssuer(issuer string) string {
	if len(issuer) > maxURL {
		return "Enter a shorter URL."
	}
	u, err := url.Parse(issuer)
	if err != nil || !plaintext.Showable(issuer) || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" {
		return "Enter a URL such as https://login.example.com, without a query."
	}
	if strings.HasSuffix(issuer, "/.well-known/openid-configuration") {
		return "Enter the issuer without /.well-known/openid-configuration."
	}
	if everyTenant(u) {
		return CommonTenants
	}
	return ""
}

// everyTenant reports whether an issuer of Entra is that of all tenants, or of all private accounts.
func everyTenant(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	entra := []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.windows.net",
		"login.microsoft.com", "sts.windows.net"}
	tenant, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	shared := []string{"", "common", "organizations", "consumers", "v2.0", "9188040d-6c67-4c5b-b112-36a304b66dad", "{tenantid}"}
	return slices.Contains(entra, host) && slices.Contains(shared, strings.ToLower(tenant))
}
