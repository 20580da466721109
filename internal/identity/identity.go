// Package identity signs people in through the identity providers of their company: which providers there
// are, whom somebody is that a provider vouches for, and which groups that gives.
//
// The identity of a person is the pair of issuer and subject, never an email address. [Decide] and
// [Provider.Apply] are the rules, without I/O. The [Service] runs them in a transaction that also begins
// the session. Package signin/oidc speaks the protocol; this package knows it as a [Protocol] and makes no
// request itself.
package identity

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"latchkey/internal/audit"
)

// NewMembers says what happens to people that a provider vouches for and who are no members yet.
type NewMembers string

// What may happen to new people.
const (
	Refuse NewMembers = "refuse"
	Add    NewMembers = "add"  // they become members with only the baselines
	Wait   NewMembers = "wait" // they become deactivated members, until an Admin approves
)

// Kind is the protocol of a provider.
type Kind string

// The protocols.
const (
	KindOpenID Kind = "oidc"
	KindSAML   Kind = "saml"
)

// Mapping gives the people of whom a provider says a value a group.
type Mapping struct {
	Value string `json:"value"` // in the groups claim
	Group string `json:"group"` // id
}

// Provider is an identity provider, without its client secret.
type Provider struct {
	ID           string
	Organization string
	Kind         Kind
	Preset       string // key of the [Preset] that it was made with
	Name         string
	Issuer       string
	ClientID     string
	Enabled      bool
	Domains      []string // of email addresses that this provider is trusted with, sorted, lower case
	NewMembers   NewMembers
	GroupsClaim  string // name of the claim; empty: groups are left alone
	Groups       []Mapping
	AdminGroup   string // value of the groups claim that makes an Admin; empty: roles are left alone
	// AdminAgain also makes those Admins whom an Admin has demoted.
	AdminAgain bool
	CreatedAt  time.Time
	UpdatedAt  time.Time

	// The rest is for SAML. Issuer is the provider's entity ID then, and ClientID is empty.
	MetadataURL     string // empty: an Admin has pasted the metadata
	Metadata        Metadata
	MetadataAt      time.Time // when it was read
	MetadataProblem string    // why it could not be read again since; empty: it could
	// SubjectAttribute is the attribute that says who somebody is; empty: the NameID.
	SubjectAttribute string
}

// Target returns the provider as the target of an event.
func (p Provider) Target() audit.Target {
	return audit.Target{Type: audit.TargetProvider, ID: p.ID, Name: p.Name}
}

// state returns what an event records about the provider, and more.
func (p Provider) state(more audit.Fields) string {
	groups := make([]string, len(p.Groups))
	for i, m := range p.Groups {
		groups[i] = m.Value + " = " + m.Group
	}
	f := audit.Fields{"name": p.Name, "issuer": p.Issuer, "clientId": p.ClientID, "enabled": p.Enabled, "domains": p.Domains,
		"newMembers": p.NewMembers, "groupsClaim": p.GroupsClaim, "groups": groups, "adminGroup": p.AdminGroup,
		"adminAgain": p.AdminAgain}
	if p.Kind == KindSAML {
		delete(f, "clientId")
		f["metadataUrl"], f["subjectAttribute"], f["signOn"] = p.MetadataURL, p.SubjectAttribute, p.Metadata.SignOn
		f["certificates"] = p.Metadata.fingerprints()
	}
	maps.Copy(f, more)
	return f.String()
}

// Trusts reports whether an Admin has listed the domain of an address for this provider.
func (p Provider) Trusts(email string) bool {
	return slices.Contains(p.Domains, domainOf(email))
}

// domainOf returns the domain of an address, or "".
func domainOf(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	return domain
}

// googleIssuer vouches for accounts of everybody.
const googleIssuer = "https://accounts.google.com"

// shared reports whether anybody can have an account at the provider.
func (p Provider) shared() bool { return p.Issuer == googleIssuer }

// Claims is what a provider says about a person.
type Claims struct {
	Issuer     string
	Subject    string
	Email      string // as it came
	Verified   bool   // the provider says that the address is the person's
	Unverified bool   // the provider says that it is not; neither is set if it says nothing
	Hosted     string // Google's "hd": the Workspace domain that the account belongs to
	Name       string
	Groups     []string
	HasGroups  bool      // the claim was there, perhaps empty
	Session    string    // the provider's id of its session; empty if it says none
	At         time.Time // when the person proved who they are; zero if it does not say
}

// Check is one thing that was checked on a way in.
type Check struct {
	Name   string `json:"name"`  // see the constants
	State  string `json:"state"` // see the constants
	Detail string `json:"detail,omitempty"`
}

// The states of a check.
const (
	Passed  = "pass"
	Failed  = "fail"
	Skipped = "skipped" // something before it failed
)

// The checks, in their order.
const (
	CheckRequest   = "request"
	CheckAnswer    = "answer"
	CheckOrigin    = "answer_issuer"
	CheckCode      = "code"
	CheckSignature = "signature"
	CheckIssuer    = "issuer"
	CheckAudience  = "audience"
	CheckRecipient = "recipient"
	CheckTime      = "time"
	CheckNonce     = "nonce"
	CheckClaims    = "claims"
	CheckGroups    = "groups"
	CheckAddress   = "address"
	CheckMember    = "member"
)

// Failure is why somebody could not sign in. Reason is for Admins; it holds no secret.
type Failure struct {
	Check  string
	Reason string
	Public string // what the person is told; empty for the usual sentence
}

func (f *Failure) Error() string { return f.Check + ": " + f.Reason }

// Proof is what a protocol found out. It is returned with a [Failure] as well, as far as it got.
type Proof struct {
	Claims Claims
	Checks []Check
	All    map[string]json.RawMessage // every claim
	Token  string                     // the ID token, which ends the session at the provider; secret
	// Once identifies an answer that must not be used again until Until; empty: its request is enough for that.
	Once  string
	Until time.Time
}

// Pass adds a check that passed.
func (p *Proof) Pass(name, detail string) {
	p.Checks = append(p.Checks, Check{Name: name, State: Passed, Detail: detail})
}

// Fail adds a check that failed, and returns the failure.
func (p *Proof) Fail(name, reason string) error {
	p.Checks = append(p.Checks, Check{Name: name, State: Failed, Detail: reason})
	return &Failure{Check: name, Reason: reason}
}

// Refuse is Fail for a check that may have passed before.
func (p *Proof) Refuse(name, reason string) error {
	p.Checks = slices.DeleteFunc(p.Checks, func(c Check) bool { return c.Name == name })
	return p.Fail(name, reason)
}
