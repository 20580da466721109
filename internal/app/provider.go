package app

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/identity"
	"latchkey/internal/outbound"
	"latchkey/internal/signin/oidc"
	"latchkey/internal/signin/saml"
	"latchkey/internal/store"
)

// wireProviders builds the use cases of signing in by identity providers, after the public address is known.
func (a *App) wireProviders(catalogue *access.Catalogue, now func() time.Time) error {
	allow, err := a.cfg.ProviderRanges()
	if err != nil {
		return err
	}
	client := outbound.NewFor("--provider-allow", allow, nil)
	a.Identity = identity.New(identity.Deps{Store: store.Identities(a.Store), Catalogue: catalogue, Keys: a.Secrets.Keys,
		Protocol: oidc.New(client.HTTP(oidc.Timeout, oidc.MostAnswer), now), SAML: saml.New(client.HTTP(saml.Timeout, saml.MostAnswer), now),
		Notes: a.SignIn, BaseURL: a.public.URL})
	return nil
}
