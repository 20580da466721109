package identity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/plaintext"
)

// Verdict is how somebody is treated whom a provider vouches for.
type Verdict uint8

// The verdicts. Refused is the zero value.
const (
	Refused Verdict = iota
	SignsIn         // a member who has signed in this way before
	Links           // a member for the first time this way
	Joins           // becomes a member
	Waits           // becomes a member who is deactivated
)

// Facts is what [Decide] decides on.
type Facts struct {
	Provider Provider
	Claims   Claims
	// Linked is the member whom this subject of this issuer was linked to before; nil if none was.
	Linked *account.Member
	// Named is the member with the address that the provider names; nil if there is none.
	Named *account.Member
	// NamedTaken says that Named is linked to another subject of this issuer.
	NamedTaken bool
	// NamedProvisioned says that Named is a member whom SCIM manages.
	NamedProvisioned bool
}

// Decision is the answer of [Decide].
type Decision struct {
	Verdict Verdict
	Member  account.Member // for SignsIn and Links
	Email   string         // for Joins and Waits, as members have it
	Name    string         // for Joins and Waits
	Because string         // a sentence for Admins: on what it rests, or why not
	Check   string         // for Refused: which check failed
	Public  string         // for Refused: what the person is told; empty for the usual sentence
}

// Decide says who somebody is. A known subject decides alone: what the provider says about the address
// does not matter then. Otherwise the address finds the member, if it is proven.
func Decide(f Facts) Decision {
	if f.Linked != nil {
		return active(SignsIn, *f.Linked, "This account of the provider is linked to the member.")
	}
	email, err := plaintext.Email(f.Claims.Email)
	if err != nil {
		return refuse(CheckAddress, "The provider named no usable email address, and this account is not linked to a member.")
	}
	proven, because := proof(f, email)
	if !proven {
		return refuse(CheckAddress, because)
	}
	if f.Named == nil {
		return newcomer(f, email, because)
	}
	if f.NamedTaken {
		return refuse(CheckMember, "The member "+email+" is linked to another account of this provider. Unlink that one first.")
	}
	return active(Links, *f.Named, because)
}

// active returns the verdict for a member, who must be active on every path.
func active(v Verdict, m account.Member, because string) Decision {
	if m.Status != account.Active {
		d := refuse(CheckMember, "The member "+m.Email+" is deactivated.")
		d.Member, d.Public = m, "Your account is not active. Ask an Admin to activate it."
		return d
	}
	return Decision{Verdict: v, Member: m, Because: because}
}

func refuse(check, because string) Decision {
	return Decision{Verdict: Refused, Check: check, Because: because}
}

// proof reports whether the address is the person's, and why or why not.
func proof(f Facts, email string) (bool, string) {
	p, c := f.Provider, f.Claims
	switch {
	case p.shared() && !p.Trusts(email):
		return sharedProof(c, email)
	case p.shared() && !strings.EqualFold(c.Hosted, domainOf(email)):
		return false, fmt.Sprintf("The Google account of %s does not belong to the Workspace %s.", email, domainOf(email))
	case p.Trusts(email):
		return true, fmt.Sprintf("The domain %s is listed for this provider.", domainOf(email))
	case c.Verified:
		return true, "The provider says that the address is verified."
	case c.Unverified:
		return false, fmt.Sprintf("The provider says that the address %s is not verified, and the domain %s is not listed for it.",
			email, domainOf(email))
	case f.Named != nil && f.NamedProvisioned:
		return true, "The member is managed by SCIM."
	}
	return false, fmt.Sprintf("The provider does not say that the address %s is verified, and the domain %s is not listed for it.",
		email, domainOf(email))
}

// sharedProof decides on an address of an unlisted domain at a provider where everybody can have an account.
// Google is the authority for its own mailboxes and for those of a Workspace only: somebody who had
// another address verified once may have lost it since.
func sharedProof(c Claims, email string) (bool, string) {
	domain := domainOf(email)
	own := domain == "gmail.com" || c.Hosted != "" && strings.EqualFold(c.Hosted, domain)
	if c.Verified && own {
		return true, "The provider says that the address is verified."
	}
	return false, fmt.Sprintf("Google does not manage the address %s, and the domain %s is not listed for this provider.", email, domain)
}

// newcomer decides about somebody who is no member.
func newcomer(f Facts, email, because string) Decision {
	p := f.Provider
	d := Decision{Verdict: Joins, Email: email, Name: newName(f.Claims.Name, email), Because: because}
	switch {
	case p.NewMembers == Wait:
		d.Verdict = Waits
	case p.NewMembers != Add:
		return refuse(CheckMember, "No member has the address "+email+", and this provider adds no members.")
	}
	if p.Trusts(email) {
		return d
	}
	if p.shared() {
		return refuse(CheckMember, "Everybody can have an account at this provider. It adds only members whose domain is listed.")
	}
	if len(p.Domains) > 0 {
		return refuse(CheckMember, "No member has the address "+email+", and this provider adds only members of the listed domains.")
	}
	return d
}

// newName returns the name of a new member: what the provider says, or else the address.
func newName(said, email string) string {
	if name, err := plaintext.Name(plaintext.Clip(plaintext.Clean(said), plaintext.MaxName)); err == nil {
		return name
	}
	return plaintext.Clip(email, plaintext.MaxName)
}

// Current is what a member has before the groups of a provider are applied.
type Current struct {
	Groups  map[string]bool // ids of the groups that the member is in
	Locked  map[string]bool // ids of those that only SCIM may change
	Known   map[string]bool // ids of all groups
	Role    access.Role
	Demoted time.Time // when the member lost the role Admin; zero for one who never had it
	// DemotedHere is when this provider last took the role away.
	DemotedHere time.Time
}

// Changes is what a provider's groups change.
type Changes struct {
	Enter, Leave []string    // ids of groups, in the order of the table
	Role         access.Role // the role from now on
	Notes        []string    // what was left alone, and why: for Admins
}

// Apply returns what the groups claim changes. An absent claim changes nothing; an empty one takes the groups
// of the table away. Groups that the table does not name are left alone.
func (p Provider) Apply(c Claims, now Current) Changes {
	changes := Changes{Role: now.Role}
	if p.GroupsClaim == "" {
		return changes
	}
	if !c.HasGroups {
		changes.Notes = append(changes.Notes, "The provider sent no claim "+p.GroupsClaim+". Groups are left alone.")
		return changes
	}
	said, wanted := map[string]bool{}, map[string]bool{}
	for _, value := range c.Groups {
		said[value] = true
	}
	for _, m := range p.Groups {
		wanted[m.Group] = wanted[m.Group] || said[m.Value]
	}
	for _, m := range p.Groups {
		want := wanted[m.Group]
		switch {
		case !now.Known[m.Group] || want == now.Groups[m.Group]:
		case now.Locked[m.Group]:
			changes.Notes = append(changes.Notes, "A group that SCIM manages is left alone.")
		case want && !slices.Contains(changes.Enter, m.Group):
			changes.Enter = append(changes.Enter, m.Group)
		case !want && !slices.Contains(changes.Leave, m.Group):
			changes.Leave = append(changes.Leave, m.Group)
		}
	}
	if p.AdminGroup != "" {
		p.applyRole(said[p.AdminGroup], now, &changes)
	}
	return changes
}

// applyRole makes Admins of those who are in the group of Admins, and Members of the others. It does not undo
// what an Admin did: somebody who lost the role otherwise than by this rule gets it back only if the table
// says so.
func (p Provider) applyRole(admin bool, now Current, changes *Changes) {
	switch {
	case !admin:
		changes.Role = access.RoleMember
	case now.Role == access.RoleAdmin, now.Demoted.IsZero(), p.AdminAgain, now.Demoted.Equal(now.DemotedHere):
		changes.Role = access.RoleAdmin
	default:
		changes.Notes = append(changes.Notes, "An Admin has taken the role Admin away, so it is not given again.")
	}
}
