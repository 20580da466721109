package signin

import (
	"testing"

	"latchkey/internal/signin"
)

func TestSignInPage_OffersTheDemonstrationOnlyThere(t *testing.T) {
	h := New(nil, nil, nil, signin.New(nil, nil, nil), nil, "code", nil)
	if m := h.signInPage("/", "ada@acme.example", nil); m.Demo != nil || m.Email.Value != "ada@acme.example" || m.Password.Value != "" {
		t.Errorf("%+v", m)
	}
	h = New(nil, nil, nil, signin.New(nil, nil, nil), nil, "code",
		&Demo{Password: "p", Accounts: []DemoAccount{{Email: "ada@acme.example", Note: "Admin"}}})
	if m := h.signInPage("/", "", nil); m.Demo == nil || len(m.Demo.Accounts) != 1 || m.Demo.Accounts[0].Note != "Admin" {
		t.Errorf("%+v", m.Demo)
	}
}
