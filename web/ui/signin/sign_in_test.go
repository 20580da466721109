package signin

import "testing"

func TestSafeNext_KeepsPathsOfThisServerOnly(t *testing.T) {
	for next, want := range map[string]string{
		"/settings/profile": "/settings/profile", "/a?b=c": "/a?b=c", "/": "/",
		"": "/", "settings": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "/a\r\nb": "/", "javascript:x": "/",
		"/../other": "/", "/settings/../..//evil.example": "/", "/%2e%2e/other": "/", "/.//evil.example": "/",
		"/sign-in": "/", "/sign-out": "/", "/%zz": "/",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestSignInPage_OffersTheDemonstrationOnlyThere(t *testing.T) {
	h := New(nil, nil, nil, "code", nil)
	if m := h.signInPage("/", "ada@acme.example", nil); m.Demo != nil || m.Email.Value != "ada@acme.example" || m.Password.Value != "" {
		t.Errorf("%+v", m)
	}
	h = New(nil, nil, nil, "code", &Demo{Password: "p", Accounts: []DemoAccount{{Email: "ada@acme.example", Note: "Admin"}}})
	if m := h.signInPage("/", "", nil); m.Demo == nil || len(m.Demo.Accounts) != 1 || m.Demo.Accounts[0].Note != "Admin" {
		t.Errorf("%+v", m.Demo)
	}
}
