package saml

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crewjam/saml"

	"latchkey/internal/identity"
	"latchkey/internal/outbound"
	"latchkey/internal/plaintext"
)

const (
	maxEntity       = 500
	maxCertificates = 10
)

// Fetch reads the metadata of a provider from an address. The error is a sentence for people.
func (c *Client) Fetch(ctx context.Context, address string) (identity.Metadata, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return identity.Metadata{}, problem("The metadata cannot be read: the URL is not valid.")
	}
	response, err := c.http.Do(r)
	if err != nil {
		return identity.Metadata{}, problem("The metadata cannot be read. " + outbound.Explain(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return identity.Metadata{}, problem("The metadata cannot be read: the address answers " + clean(response.Status) + ".")
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return identity.Metadata{}, problem("The metadata cannot be read. " + outbound.Explain(err))
	}
	return c.Read(string(text))
}

// Read reads the metadata of a provider. The error is a sentence for people.
func (c *Client) Read(text string) (identity.Metadata, error) {
	var m identity.Metadata
	if len(text) > MostAnswer {
		return m, problem("The metadata is larger than 1 MB.")
	}
	text = strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")
	root, err := read([]byte(text))
	if err != nil {
		return m, problem("This is not the metadata of an identity provider: " + err.Error() + ".")
	}
	var d saml.EntityDescriptor
	if root.Tag != "EntityDescriptor" || xml.Unmarshal([]byte(text), &d) != nil {
		return m, problem("This is not the metadata of one identity provider: it must be an EntityDescriptor.")
	}
	if len(d.IDPSSODescriptors) != 1 {
		return m, problem("The metadata must have one IDPSSODescriptor. Take that of the identity provider, not of an application.")
	}
	idp := d.IDPSSODescriptors[0]
	if !d.ValidUntil.IsZero() && !c.now().Before(d.ValidUntil) || idp.ValidUntil != nil && !idp.ValidUntil.IsZero() &&
		!c.now().Before(*idp.ValidUntil) {
		return m, problem("The metadata has expired. Take a current one from the provider.")
	}
	m.EntityID = strings.TrimSpace(d.EntityID)
	if m.EntityID == "" || len(m.EntityID) > maxEntity || !plaintext.Showable(m.EntityID) {
		return m, problem("The metadata has no usable entityID.")
	}
	for _, e := range idp.SingleSignOnServices {
		if e.Binding == saml.HTTPRedirectBinding && m.SignOn == "" {
			m.SignOn = strings.TrimSpace(e.Location)
		}
	}
	if u, err := url.Parse(m.SignOn); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(m.SignOn) > maxEntity {
		return m, problem("The metadata has no usable SingleSignOnService with the binding HTTP-Redirect.")
	}
	m.Certificates, err = c.certificates(idp.KeyDescriptors)
	return m, err
}

// certificates returns the certificates with which a provider signs, of which one must be valid now.
func (c *Client) certificates(keys []saml.KeyDescriptor) ([][]byte, error) {
	var list [][]byte
	usable := false
	for _, k := range keys {
		if k.Use == "encryption" {
			continue
		}
		for _, data := range k.KeyInfo.X509Data.X509Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data.Data), ""))
			if err != nil {
				return nil, problem("A certificate of the metadata cannot be read.")
			}
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, problem("A certificate of the metadata cannot be read.")
			}
			usable = usable || valid(certificate, c.now())
			list = append(list, der)
		}
	}
	switch {
	case len(list) > maxCertificates:
		return nil, problem("The metadata has more than 10 certificates.")
	case !usable:
		return nil, problem("The metadata has no certificate for signing that is valid now.")
	}
	return list, nil
}

// problem is what is wrong with metadata, in sentences for an Admin.
type problem string

func (p problem) Error() string { return string(p) }

func valid(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}
