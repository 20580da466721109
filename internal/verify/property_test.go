package verify_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// TestVerify_AnswersAsFreshlyLoadedDataDoes changes a random organization step by step and
// compares, after each step, what memory says with what package account makes of the
// database at that moment: two ways to the same answer that share only access.Decide.
func TestVerify_AnswersAsFreshlyLoadedDataDoes(t *testing.T) {
	steps := 150
	if testing.Short() {
		steps = 40
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			o := newRandomOrg(t, seed)
			for step := range steps {
				did := o.step()
				if !o.agrees() {
					t.Fatalf("after step %d: %s", step, did)
				}
			}
		})
	}
}

type randomOrg struct {
	*world
	r          *rand.Rand
	rules      *rand.Rand // of the rules for tokens
	workspaces []string
	members    []account.Member
	groups     []string
	tokens     []randomToken
	cold       *verify.Authority // a second one, emptied before each look
}

type randomToken struct{ id, secret string }

func newRandomOrg(t *testing.T, seed uint64) *randomOrg {
	o := &randomOrg{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 7)), rules: rand.New(rand.NewPCG(seed, 11))}
	o.cold = o.newAuthority(verify.Deps{})
	o.workspaces = []string{o.main, o.workspace("Second"), o.workspace("Third")}
	for i := range 4 {
		o.members = append(o.members, o.member(named("m", i)))
		o.groups = append(o.groups, o.group(named("g", i)))
	}
	for range 12 {
		o.newToken()
	}
	return o
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// perms are a few of each sort: limitable, privacy, type-wide, one that nothing knows.
func perms() []access.Permission {
	return []access.Permission{editSources, editDests, liveEvents, "source:connect", "destination:create_delete",
		"transformation_library:edit", "credential_store:edit", "workspace:view", "member:manage", "audit_log:read", "invoice:refund"}
}

func (o *randomOrg) randomPolicy() access.Policy {
	p := access.Policy{}
	for _, perm := range perms()[:7] {
		switch o.r.IntN(5) {
		case 0:
			p[perm] = access.Everywhere()
		case 1:
			p[perm] = access.Only("r1", "r2")
		case 2:
			p[perm] = access.AllBut("r1")
		}
	}
	return p
}

// newToken stores a token of any kind, for any owner and workspace, fitting or not.
func (o *randomOrg) newToken() {
	t := token.Token{Kind: pick(o.r, []token.Kind{token.Personal, token.Personal, token.Personal, token.Workspace, token.Organization})}
	switch t.Kind {
	case token.Personal:
		t.Owner, t.Workspace = pick(o.r, o.members).ID, pick(o.r, o.workspaces)
		t.Scope = pick(o.r, []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite, access.ScopeAdmin})
	case token.Workspace:
		t.Workspace, t.Policy = pick(o.r, o.workspaces), o.randomPolicy()
	case token.Organization:
	}
	if o.r.IntN(4) == 0 {
		t.ExpiresAt = o.now().Add(time.Duration(o.r.IntN(20)) * time.Minute)
	}
	secret := o.newSecret(t.Kind)
	o.tokens = append(o.tokens, randomToken{o.insert(t, secret).ID, secret})
}

// put writes a policy into a place without asking what may be there.
func (o *randomOrg) put(at policy.Place) {
	body := o.randomPolicy()
	o.tx(func(tx *store.Tx) error {
		p, err := tx.PolicyAt(o.ctx, o.org, at)
		if fault.Is(err, fault.NotFound) {
			return tx.InsertPolicy(o.ctx, policy.Policy{ID: ksuid.New().String(), Organization: o.org, Workspace: at.Workspace,
				Kind: at.Kind, Subject: at.Subject, Body: body, Version: 1, UpdatedAt: o.now()})
		}
		if err != nil {
			return err
		}
		p.Body, p.Version = body, p.Version+1
		return tx.UpdatePolicy(o.ctx, p)
	})
}

func (o *randomOrg) step() string {
	o.pass(time.Duration(o.r.IntN(60)) * time.Second)
	o.prove()
	if o.rules.IntN(8) == 0 {
		return o.changeRules()
	}
	m, g, ws := o.r.IntN(len(o.members)), pick(o.r, o.groups), pick(o.r, o.workspaces)
	member := o.members[m].ID
	switch n := o.r.IntN(15); n {
	case 0:
		o.newToken()
		return "new token"
	case 1:
		i := o.r.IntN(len(o.tokens))
		o.tx(func(tx *store.Tx) error { return ignoreMissing(tx.DeleteToken(o.ctx, o.org, o.tokens[i].id)) })
		return "token deleted"
	case 2, 3:
		o.put(policy.Place{Kind: policy.OfMember, Workspace: ws, Subject: member})
		return "member policy"
	case 4, 5:
		o.put(policy.Place{Kind: policy.OfGroup, Workspace: ws, Subject: g})
		return "group policy"
	case 6:
		o.put(policy.Place{Kind: policy.Baseline, Workspace: ws})
		return "baseline"
	case 7, 8:
		o.tx(func(tx *store.Tx) error { return tx.AddToGroup(o.ctx, g, member) })
		return "joins a group"
	case 9:
		o.tx(func(tx *store.Tx) error { return ignoreMissing(tx.RemoveFromGroup(o.ctx, g, member)) })
		return "leaves a group"
	case 10:
		o.removeOne(policy.Place{Kind: policy.OfMember, Workspace: ws, Subject: member})
		return "out of a workspace"
	case 13, 14:
		return o.suspendOrResume(pick(o.r, o.tokens).id)
	default:
		return o.changePeople(m, n)
	}
}

// breaks reports whether a token breaks the rules, by what the model knows of its owner.
func (o *randomOrg) breaks(t token.Token) bool {
	made, err := o.store.Making(o.ctx, o.org, t.Owner, o.now())
	o.must(err)
	rules, err := o.store.TokenRules(o.ctx, o.org)
	o.must(err)
	return !token.ExpiredAt(t.ExpiresAt, o.now()) && len(rules.Breaches(t, rules.MayMake(made.Groups), o.now())) > 0
}

// changeRules sets random rules, and shortens, suspends or leaves the tokens that break them.
func (o *randomOrg) changeRules() string {
	book := token.NewRuleBook(store.Rules(o.store), o.catalogue, o.now)
	now, err := book.Ruling(o.ctx, o.admin)
	o.must(err)
	r := token.Rules{NoSelfRotation: o.rules.IntN(2) == 0, ReadOnly: o.rules.IntN(3) == 0, NeedAddresses: o.rules.IntN(4) == 0,
		Personal: token.Lifetime{Longest: o.rules.IntN(3)}, Service: token.Lifetime{MustExpire: o.rules.IntN(3) == 0}}
	if o.rules.IntN(3) == 0 {
		r.Makers, r.Groups = token.InGroups, []string{pick(o.rules, o.groups)}
	}
	answer := pick(o.rules, []token.Answer{token.Leave, token.Leave, token.Shorten, token.Suspend})
	_, err = book.Save(o.ctx, o.admin.Caller(), token.RuleChange{Rules: r, Revision: now.Revision, Answer: answer, Days: 1,
		Told: len(o.tokens)})
	o.must(err)
	return "rules, " + string(answer)
}

// suspendOrResume suspends a token, or resumes one that is suspended.
func (o *randomOrg) suspendOrResume(id string) string {
	t, err := o.store.Token(o.ctx, o.org, id)
	if err != nil {
		return "no such token"
	}
	if t.Suspension.Set() {
		_, err = o.world.tokens.Resume(o.ctx, o.admin.Caller(), id)
		if breaks := o.breaks(t); breaks != fault.Is(err, fault.Conflict) {
			o.t.Fatalf("a token that breaks a rule: %v, resumed with %v", breaks, err)
		} else if breaks {
			return "not resumed"
		}
	} else if !token.ExpiredAt(t.ExpiresAt, o.now()) {
		_, err = o.world.tokens.Suspend(o.ctx, o.admin.Caller(), id, "model")
	}
	o.must(err)
	return "suspension"
}

func (o *randomOrg) removeOne(at policy.Place) {
	o.tx(func(tx *store.Tx) error {
		p, err := tx.PolicyAt(o.ctx, o.org, at)
		if err == nil {
			err = tx.DeletePolicy(o.ctx, p)
		}
		return ignoreMissing(err)
	})
}

// changePeople changes role and status, and rarely ends a member or a workspace.
func (o *randomOrg) changePeople(m, n int) string {
	if o.r.IntN(12) == 0 && len(o.members) > 2 && n == 11 {
		_, err := o.accounts.Members.Delete(o.ctx, o.admin.Caller(), account.These(o.members[m].ID))
		o.must(err)
		o.members = slices.Delete(o.members, m, m+1)
		return "member deleted"
	}
	if o.r.IntN(12) == 0 && len(o.workspaces) > 2 {
		o.tx(func(tx *store.Tx) error { return tx.DeleteWorkspace(o.ctx, o.org, o.workspaces[2]) })
		o.workspaces = o.workspaces[:2]
		return "workspace deleted"
	}
	member := &o.members[m]
	member.Role = pick(o.r, []access.Role{access.RoleAdmin, access.RoleMember, access.RoleMember})
	member.Status = pick(o.r, []account.Status{account.Active, account.Active, account.Deactivated})
	o.tx(func(tx *store.Tx) error { return tx.UpdateMember(o.ctx, *member) })
	return "role and status"
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// agrees compares every token on every permission in every workspace.
func (o *randomOrg) agrees() bool {
	o.t.Helper()
	o.cold.Forget()
	for _, tok := range o.tokens {
		explained, err := o.policies.Explain(o.ctx, o.admin, policy.Question{Token: tok.id, Permission: access.ManageMembers})
		o.must(ignoreMissing(err)) // it or its workspace was deleted, so it has no principal
		want := explained.Principal
		if !o.answersLike(o.verify, tok, want) || !o.answersLike(o.cold, tok, want) {
			return false
		}
	}
	return true
}

func (o *randomOrg) answersLike(a *verify.Authority, tok randomToken, want access.Principal) bool {
	before, knew := a.Recognize(tok.secret, netip.Addr{})
	v, err := a.Verify(o.ctx, tok.secret)
	if (err == nil) != (want.Kind != access.Nobody) {
		o.t.Errorf("token %s: %v, want %+v", tok.id, err, want)
		return false
	}
	if after, knows := a.Recognize(tok.secret, netip.Addr{}); knows != (err == nil) || knows && after != v || knew && before != v {
		o.t.Errorf("token %s: recognized before: %v, after: %v, want %v", tok.id, knew, knows, err == nil)
		return false
	}
	if err != nil {
		return true
	}
	inScope := map[access.Permission]bool{}
	for _, perm := range v.Permissions() {
		inScope[perm] = true
	}
	for _, perm := range perms() {
		for _, ws := range append(o.workspaces, "", "elsewhere") {
			for _, id := range []string{"", "r1", "r3"} {
				r := access.Resource{Organization: o.org, Workspace: ws, ID: id}
				was, is := access.Decide(o.catalogue, want, perm, r), access.Decide(o.catalogue, v.Principal(), perm, r)
				was.Reason.LayerName, is.Reason.LayerName = "", ""
				if was != is {
					o.t.Errorf("token %s, %s on %+v: %+v, want %+v", tok.id, perm, r, is, was)
					return false
				}
				own := ws == v.Principal().Workspace
				if own && inScope[perm] && !was.Allowed {
					o.t.Errorf("token %s: %s is in its scope", tok.id, perm)
					return false
				}
			}
		}
	}
	return true
}
