// Package saml speaks SAML 2.0 with identity providers: their metadata, requests by the redirect binding, and
// answers by the POST binding.
//
// Every way in begins here: an answer counts only if it answers a request of this server. An answer is read
// strictly. Its shape comes first: one assertion, signed itself, by one signature that covers all of it. Then
// this package verifies the signature and checks what the signed element says, so that an Admin can see which check
// failed. Last, the library crewjam/saml reads the same bytes and must agree; what is known of the person
// comes from its reading. The package does not know members: package identity decides who somebody is.
package saml

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"latchkey/internal/identity"
)

// Bounds of what a provider may cost.
const (
	Timeout    = 10 * time.Second // of a request for metadata
	MostAnswer = 1 << 20          // bytes of metadata
	// mostResponse is the largest answer that is read, in bytes of XML.
	mostResponse = 256 << 10
	// skew is how far the clocks of provider and server may be apart.
	skew = 2 * time.Minute
)

// Client speaks with providers. It is safe for concurrent use.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// New returns a client that makes its requests with an HTTP client whose time and size are bounded.
func New(client *http.Client, now func() time.Time) *Client {
	return &Client{http: client, now: now}
}

// provider returns what the library needs to know.
func (c *Client) provider(s identity.Connection) (*saml.ServiceProvider, error) {
	acs, err := url.Parse(s.Redirect)
	if err != nil {
		return nil, err
	}
	sp := &saml.ServiceProvider{EntityID: s.ClientID, AcsURL: *acs, AuthnNameIDFormat: saml.UnspecifiedNameIDFormat,
		SendUnspecifiedNameIDFormat: true, RejectSHA1Signatures: true, RejectUnknownConditions: true, LimitRelayStateLength: true,
		Clock:                            c.clock(),
		AssertionConsumerServiceBindings: []string{saml.HTTPPostBinding},
		IDPMetadata: &saml.EntityDescriptor{EntityID: s.Metadata.EntityID, IDPSSODescriptors: []saml.IDPSSODescriptor{{
			SingleSignOnServices: []saml.Endpoint{{Binding: saml.HTTPRedirectBinding, Location: s.Metadata.SignOn}}}}}}
	descriptor := &sp.IDPMetadata.IDPSSODescriptors[0]
	for _, certificate := range s.Metadata.Certificates {
		descriptor.KeyDescriptors = append(descriptor.KeyDescriptors, saml.KeyDescriptor{Use: "signing", KeyInfo: saml.KeyInfo{
			X509Data: saml.X509Data{X509Certificates: []saml.X509Certificate{{Data: encode(certificate)}}}}})
	}
	return sp, nil
}

// clock is the time of one step, for the library.
func (c *Client) clock() *dsig.Clock { return dsig.NewFakeClockAt(c.now()) }

// Begin returns the address at the provider where the person goes.
func (c *Client) Begin(_ context.Context, s identity.Connection, r identity.Challenge) (string, error) {
	sp, err := c.provider(s)
	if err != nil {
		return "", err
	}
	if r.Again {
		sp.ForceAuthn = &r.Again
	}
	request, err := sp.MakeAuthenticationRequest(s.Metadata.SignOn, saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		return "", err
	}
	request.ID = r.State
	address, err := request.Redirect(r.State, sp)
	if err != nil {
		return "", err
	}
	return address.String(), nil
}

// Describe returns the metadata of this server for a provider, as XML.
func (c *Client) Describe(s identity.Connection) (string, error) {
	sp, err := c.provider(s)
	if err != nil {
		return "", err
	}
	sp.MetadataOmitValidUntil = true
	m := sp.Metadata()
	wants, signs := true, false
	for i := range m.SPSSODescriptors {
		m.SPSSODescriptors[i].WantAssertionsSigned, m.SPSSODescriptors[i].AuthnRequestsSigned = &wants, &signs
	}
	text, err := xml.MarshalIndent(m, "", "  ")
	return xml.Header + string(text) + "\n", err
}
