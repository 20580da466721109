// Package samltest is a SAML provider for tests, which does what the test wants, right or wrong.
package samltest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Names of formats.
const (
	Persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	Transient  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// Key is a key with its certificate.
type Key struct {
	Private     *rsa.PrivateKey
	Certificate []byte
}

// NewKey returns a new key, whose certificate is valid around a moment.
func NewKey(t testing.TB, now time.Time) Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Provider of a test"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(365 * 24 * time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return Key{private, certificate}
}

// Provider is a provider, which serves its metadata.
type Provider struct {
	URL    string // of the metadata
	Entity string
	Key    Key   // with which it signs
	Others []Key // whose certificates are in the metadata as well

	// Metadata changes the metadata; Reads counts how often it was read. Use both under Do.
	Metadata func(string) string
	Reads    int

	t   testing.TB
	now func() time.Time
	mu  sync.Mutex
}

// Start starts a provider that ends with the test.
func Start(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{Key: NewKey(t, now()), t: t, now: now}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.Do(func() {
			p.Reads++
			text := p.XML()
			if p.Metadata != nil {
				text = p.Metadata(text)
			}
			if text == "" {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			_, _ = io.WriteString(w, text)
		})
	}))
	t.Cleanup(s.Close)
	p.URL, p.Entity = s.URL+"/metadata", s.URL+"/idp"
	return p
}

// Do runs fn while nobody reads the metadata.
func (p *Provider) Do(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

// XML returns the metadata.
func (p *Provider) XML() string {
	var keys strings.Builder
	for _, k := range append([]Key{p.Key}, p.Others...) {
		fmt.Fprintf(&keys, `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s`+
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`, base64.StdEncoding.EncodeToString(k.Certificate))
	}
	return `<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + p.Entity + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` +
		strings.TrimSuffix(p.URL, "/metadata") +
		`/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

// Request is what a request for signing somebody in says.
type Request struct {
	ID, ACS, Issuer, Relay string
	Force                  bool
}

// Read reads a request from the address where the browser is sent.
func (p *Provider) Read(address string) Request {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		p.t.Fatal(err)
	}
	d := etree.NewDocument()
	if err := d.ReadFromBytes(text); err != nil {
		p.t.Fatal(err)
	}
	e := d.Root()
	return Request{ID: e.SelectAttrValue("ID", ""), ACS: e.SelectAttrValue("AssertionConsumerServiceURL", ""),
		Issuer: e.SelectElement("Issuer").Text(), Relay: u.Query().Get("RelayState"), Force: e.SelectAttrValue("ForceAuthn", "") == "true"}
}

// Answer is what an answer says. The zero value of a field is what is right.
type Answer struct {
	Request
	ID, Entity, Audience, Recipient, Destination, InResponseTo, NameID, Format string
	Attributes                                                                 map[string][]string
	From, Until, Proven, Issued                                                time.Time
	Unsigned, SignResponse                                                     bool
	Key                                                                        Key
	Method                                                                     string // of the signature
	Hash                                                                       crypto.Hash
	Before                                                                     func(string) string // changes the XML before it is signed
}

// Answer returns the XML of an answer to a request, about a person with attributes.
func (p *Provider) Answer(r Request, change func(*Answer)) string {
	p.t.Helper()
	now := p.now()
	a := Answer{Request: r, ID: "_" + rand.Text(), Entity: p.Entity, Audience: r.Issuer, Recipient: r.ACS, Destination: r.ACS,
		InResponseTo: r.ID,
		NameID:       "subject-1", Format: Persistent, From: now, Until: now.Add(5 * time.Minute), Proven: now, Issued: now, Key: p.Key,
		Method: dsig.RSASHA256SignatureMethod, Hash: crypto.SHA256}
	if change != nil {
		change(&a)
	}
	d := etree.NewDocument()
	text := a.xml()
	if a.Before != nil {
		text = a.Before(text)
	}
	if err := d.ReadFromString(text); err != nil {
		p.t.Fatal(err)
	}
	response := d.Root()
	if !a.Unsigned {
		old := response.SelectElement("Assertion")
		response.InsertChildAt(old.Index(), p.sign(a, old))
		response.RemoveChild(old)
	}
	if a.SignResponse {
		d.SetRoot(p.sign(a, response))
	}
	out, err := d.WriteToString()
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// sign returns an element with a signature after its issuer.
func (p *Provider) sign(a Answer, e *etree.Element) *etree.Element {
	context := dsig.NewDefaultSigningContext(keys{a.Key})
	context.IdAttribute, context.Hash = "ID", a.Hash
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := context.SetSignatureMethod(a.Method); err != nil {
		p.t.Fatal(err)
	}
	signed, err := context.SignEnveloped(e)
	if err != nil {
		p.t.Fatal(err)
	}
	signature := signed.Child[len(signed.Child)-1]
	signed.RemoveChildAt(len(signed.Child) - 1)
	signed.InsertChildAt(1, signature)
	return signed
}

// keys is a key for the library.
type keys struct{ key Key }

func (k keys) GetKeyPair() (*rsa.PrivateKey, []byte, error) {
	return k.key.Private, k.key.Certificate, nil
}

func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (a Answer) xml() string {
	var attributes strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.Attributes)) {
		attributes.WriteString(`<saml:Attribute Name="` + html.EscapeString(name) + `">`)
		for _, v := range a.Attributes[name] {
			attributes.WriteString(`<saml:AttributeValue>` + html.EscapeString(v) + `</saml:AttributeValue>`)
		}
		attributes.WriteString(`</saml:Attribute>`)
	}
	const namespaces = `xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_` + rand.Text() +
		`" Version="2.0" IssueInstant="` + at(a.Issued) +
		`" Destination="` + a.Destination + `" InResponseTo="` + a.InResponseTo + `"><saml:Issuer ` + namespaces + `>` + a.Entity +
		`</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ` + namespaces + ` ID="` + a.ID + `" Version="2.0" IssueInstant="` + at(a.Issued) + `"><saml:Issuer>` + a.Entity +
		`</saml:Issuer><saml:Subject><saml:NameID Format="` + a.Format + `">` + html.EscapeString(a.NameID) + `</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="` + a.Recipient +
		`" InResponseTo="` + a.InResponseTo + `" NotOnOrAfter="` + at(a.Until) + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + at(a.From) + `" NotOnOrAfter="` + at(a.Until) +
		`"><saml:AudienceRestriction><saml:Audience>` + a.Audience +
		`</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="` + at(a.Proven) +
		`" SessionIndex="s1">` +
		`<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>` +
		`</saml:AuthnStatement><saml:AttributeStatement>` + attributes.String() + `</saml:AttributeStatement></saml:Assertion></samlp:Response>`
}

// Encode returns XML as a browser posts it.
func Encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
