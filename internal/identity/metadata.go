package identity

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// maxMetadata is the size of pasted metadata, in bytes.
const maxMetadata = 512 << 10

// fingerprints returns the SHA-256 digests of the certificates, in hexadecimal.
func (m Metadata) fingerprints() []string {
	list := []string{}
	for _, c := range m.Certificates {
		digest := sha256.Sum256(c)
		list = append(list, hex.EncodeToString(digest[:]))
	}
	return list
}

// EntityID returns the name of this server at a provider of SAML. Each provider has its own, so that the answer of one
// is not taken for that of another. The server's metadata is at the address.
func (s *Service) EntityID(id string) string { return s.d.BaseURL() + "/sso/saml/" + id + "/metadata" }

// Describe returns the metadata of this server for a provider of SAML; NotFound for any other.
func (s *Service) Describe(ctx context.Context, id string) (string, error) {
	p, err := s.d.Store.Provider(ctx, id)
	if err == nil && p.Kind != KindSAML {
		err = fault.NewNotFound(thatProvider)
	}
	if err != nil {
		return "", err
	}
	c, err := s.connection(ctx, p)
	if err != nil {
		return "", err
	}
	return s.d.SAML.Describe(c)
}

// checkedSAML adds what is wrong with the fields that only SAML has.
func (in *Settings) checkedSAML(p *fault.Problems) {
	in.Issuer, in.ClientID, in.Secret = "", "", ""
	in.MetadataURL, in.Metadata = strings.TrimSpace(in.MetadataURL), strings.TrimSpace(in.Metadata)
	in.SubjectAttribute = strings.TrimSpace(in.SubjectAttribute)
	u, err := url.Parse(in.MetadataURL)
	switch {
	case in.MetadataURL == "":
	case len(in.MetadataURL) > maxURL || !plaintext.Showable(in.MetadataURL) || err != nil || u.Scheme != "https" && u.Scheme != "http" ||
		u.Hostname() == "" || u.User != nil || u.Fragment != "":
		p.Add(FieldMetadataURL, "Enter a URL such as https://login.example.com/metadata.")
	case in.Metadata != "":
		p.Add(FieldMetadata, "Enter the URL or the metadata itself, not both.")
	}
	if len(in.Metadata) > maxMetadata {
		p.Add(FieldMetadata, "The metadata is larger than 512 KB. Enter its URL instead.")
	}
	if len(in.SubjectAttribute) > maxValue || !plaintext.Showable(in.SubjectAttribute) {
		p.Add(FieldSubject, "Enter the name of an attribute, or nothing.")
	}
}

// learn returns the metadata of settings. It is that of before unless the settings have another. The error is Invalid.
func (s *Service) learn(ctx context.Context, in Settings, before Provider) (Provider, error) {
	p := before
	p.MetadataURL, p.SubjectAttribute = in.MetadataURL, in.SubjectAttribute
	known := before.Metadata.EntityID != ""
	field := FieldMetadata
	var err error
	switch {
	case in.MetadataURL != "" && (in.MetadataURL != before.MetadataURL || !known || before.MetadataProblem != ""):
		field = FieldMetadataURL
		p.Metadata, err = s.d.SAML.Fetch(ctx, in.MetadataURL)
	case in.Metadata != "":
		p.Metadata, err = s.d.SAML.Read(in.Metadata)
	case known:
		return p, nil
	default:
		return p, fault.NewInvalid(someProblems, fault.Field{Path: field,
			Message: "Enter the URL of the provider's metadata, or paste the metadata."})
	}
	if err != nil {
		return p, fault.NewInvalid(someProblems, fault.Field{Path: field, Message: err.Error()})
	}
	p.Issuer, p.MetadataAt, p.MetadataProblem = p.Metadata.EntityID, s.d.Store.Now(), ""
	return p, nil
}

// Renew reads the metadata of the providers again that have an address for it, so that new certificates work before the
// provider uses them. It keeps the last good one of a provider that cannot be read, and says so on its page.
func (s *Service) Renew(ctx context.Context) error {
	org, err := s.d.Store.SoleOrganization(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	providers, err := s.d.Store.Providers(ctx, org.ID)
	for _, p := range providers {
		s.renew(ctx, p, renewEvery)
	}
	return err
}

// renew reads the metadata of a provider again unless that was done a moment ago, and reports whether it is another one.
func (s *Service) renew(ctx context.Context, p Provider, age time.Duration) (Provider, bool) {
	if p.Kind != KindSAML || p.MetadataURL == "" {
		return p, false
	}
	lock, _ := s.renewing.LoadOrStore(p.ID, new(sync.Mutex))
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	known := p.Metadata
	p, err := s.d.Store.Provider(ctx, p.ID) // another request may have read it meanwhile
	if err != nil {
		return p, false
	}
	if since := s.d.Store.Now().Sub(p.MetadataAt); since >= 0 && since < age {
		return p, !reflect.DeepEqual(p.Metadata, known)
	}
	m, problem := s.d.SAML.Fetch(ctx, p.MetadataURL)
	changed := false
	err = s.d.Store.InTx(context.WithoutCancel(ctx), actor.System(p.Organization), func(tx Tx) error {
		changed = false
		now, err := tx.Providers.Provider(ctx, p.ID)
		if err != nil || now.MetadataURL != p.MetadataURL {
			return err
		}
		old := now
		now.MetadataAt, now.MetadataProblem = tx.Ways.Now(), ""
		switch {
		case problem != nil:
			now.MetadataProblem = plaintext.ClipBytes(problem.Error(), maxURL)
		case m.EntityID != now.Issuer:
			now.MetadataProblem = "The metadata is of another provider now: " + plaintext.ClipBytes(m.EntityID, maxValue)
		case !reflect.DeepEqual(m, now.Metadata):
			changed, now.Metadata = true, m
		}
		if err := tx.Providers.UpdateProvider(ctx, now); err != nil {
			return err
		}
		if p = now; !changed {
			return nil
		}
		by := actor.OfSystem(now.Organization)
		return tx.Ways.AppendEvent(ctx, audit.Did(by, audit.Updated, now.Target()).Changed(old.state(nil), now.state(nil)))
	})
	return p, err == nil && changed
}

// Certificate is what people see of a certificate.
type Certificate struct {
	Name  string // its subject, or its digest if that is empty
	Until time.Time
}

// Shown returns what people see of the certificates.
func (m Metadata) Shown() []Certificate {
	var list []Certificate
	for i, der := range m.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		name := plaintext.ClipBytes(plaintext.Strip(c.Subject.CommonName), maxValue)
		if name == "" {
			name = "SHA-256 " + m.fingerprints()[i][:16]
		}
		list = append(list, Certificate{Name: name, Until: c.NotAfter})
	}
	return list
}
