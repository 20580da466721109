package saml

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/crewjam/saml"

	"latchkey/internal/identity"
	"latchkey/internal/plaintext"
)

const (
	maxSubject = 255
	maxGroups  = 500 // more are refused and not cut: a cut would take groups away
	transient  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// Transient is the sentence for a subject that is another one each time.
const Transient = "The provider's NameID is transient: it is another one at each sign-in, so it does not say who somebody is. " +
	"Choose a persistent NameID at the provider, or name a subject attribute."

// emailNames returns the names under which providers send an address, the likeliest first.
func emailNames() []string {
	return []string{"email", "mail", "emailAddress", "Email", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"}
}

// fullNames returns the names under which providers send a name.
func fullNames() []string {
	return []string{"displayName", "name", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3",
		"http://schemas.microsoft.com/identity/claims/displayname"}
}

// halves returns the names of first and last names.
func halves() [2][]string {
	return [2][]string{
		{"givenName", "firstName", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"},
		{"sn", "surname", "lastName", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"}}
}

// attributes is the values of each attribute, by name and, where nothing else has it, by its friendly name.
type attributes map[string][]string

func attributesOf(a *saml.Assertion) attributes {
	all, friendly := attributes{}, attributes{}
	for _, statement := range a.AttributeStatements {
		for _, attribute := range statement.Attributes {
			values := append([]string{}, all[attribute.Name]...)
			for _, v := range attribute.Values {
				if text := strings.TrimSpace(v.Value); text != "" {
					values = append(values, text)
				}
			}
			all[attribute.Name], friendly[attribute.FriendlyName] = values, values
		}
	}
	for name, values := range friendly {
		if _, taken := all[name]; !taken && name != "" {
			all[name] = values
		}
	}
	return all
}

// first returns the first value of the first of the attributes that there is.
func (a attributes) first(names []string) string {
	for _, name := range names {
		if values := a[name]; len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// readClaims takes what counts from an assertion that both readings accept.
func (c *Client) readClaims(p *identity.Proof, s identity.Connection, r identity.Challenge, a *saml.Assertion) error {
	all, name := attributesOf(a), a.Subject.NameID
	if name == nil {
		name = &saml.NameID{}
	}
	p.All = shown(a, all, name)
	subject := strings.TrimSpace(name.Value)
	if s.SubjectAttribute != "" {
		values := all[s.SubjectAttribute]
		if len(values) != 1 {
			return p.Fail(identity.CheckClaims, fmt.Sprintf("The attribute %s must have one value to be the subject, and it has %d.",
				s.SubjectAttribute, len(values)))
		}
		subject = values[0]
	} else if name.Format == transient {
		return p.Fail(identity.CheckClaims, Transient)
	}
	if subject == "" || len(subject) > maxSubject || !plaintext.Showable(subject) {
		return p.Fail(identity.CheckClaims, "The assertion has no usable subject.")
	}
	p.Claims.Issuer, p.Claims.Subject = s.Metadata.EntityID, subject
	p.Claims.At = proven(a)
	if r.Again && (p.Claims.At.IsZero() || p.Claims.At.Before(r.Made.Add(-skew))) {
		return p.Fail(identity.CheckTime, "The provider did not let the person prove again who they are.")
	}
	p.Pass(identity.CheckClaims, "")
	p.Claims.Email = all.first(emailNames())
	if p.Claims.Email == "" && strings.Contains(name.Value, "@") {
		p.Claims.Email = strings.TrimSpace(name.Value)
	}
	p.Claims.Email = plaintext.ClipBytes(p.Claims.Email, 2*plaintext.MaxEmail)
	if p.Claims.Name = all.first(fullNames()); p.Claims.Name == "" {
		p.Claims.Name = strings.TrimSpace(all.first(halves()[0]) + " " + all.first(halves()[1]))
	}
	p.Claims.Name = clean(p.Claims.Name)
	return readGroups(p, s.GroupsClaim, all)
}

// readGroups takes the groups from the attribute that an Admin named.
func readGroups(p *identity.Proof, attribute string, all attributes) error {
	if attribute == "" {
		return nil
	}
	p.Claims.Groups, p.Claims.HasGroups = all[attribute]
	n := len(p.Claims.Groups)
	if n > maxGroups {
		p.Claims.Groups = nil
		return p.Fail(identity.CheckGroups, fmt.Sprintf("The attribute %s has %d entries, and at most %d are read: "+
			"let the provider send only the groups that matter.", attribute, n, maxGroups))
	}
	if p.Claims.HasGroups {
		p.Pass(identity.CheckGroups, strconv.Itoa(n)+" in the attribute "+attribute)
	} else {
		p.Pass(identity.CheckGroups, "There is no attribute "+attribute+". Groups are left alone.")
	}
	return nil
}

// proven returns when the person proved who they are: at the latest of the statements.
func proven(a *saml.Assertion) time.Time {
	var at time.Time
	for _, s := range a.AuthnStatements {
		if s.AuthnInstant.After(at) {
			at = s.AuthnInstant
		}
	}
	return at.UTC()
}

// shown returns everything that an assertion says about a person, for Admins.
func shown(a *saml.Assertion, all attributes, name *saml.NameID) map[string]json.RawMessage {
	said := map[string]json.RawMessage{}
	put := func(key string, v any) {
		if text, err := json.Marshal(v); err == nil {
			said[key] = text
		}
	}
	for key, values := range all {
		if len(values) == 1 {
			put(key, values[0])
			continue
		}
		put(key, values)
	}
	put("NameID", name.Value)
	put("NameID format", name.Format)
	for _, s := range a.AuthnStatements {
		put("AuthnInstant", stamp(s.AuthnInstant))
		if s.AuthnContext.AuthnContextClassRef != nil {
			put("AuthnContextClassRef", s.AuthnContext.AuthnContextClassRef.Value)
		}
	}
	return said
}
