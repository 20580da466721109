package access

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/quick"
)

// universe is the resources of the property tests: those that reaches name, and one
// that none of them has ever seen.
var universe = []string{"a", "b", "c", "d", "never seen"}

// quickConfig always draws the same values, so that a failure can be repeated; the fuzz
// tests look for new ones.
func quickConfig(times int) *quick.Config {
	return &quick.Config{MaxCount: times, Rand: rand.New(rand.NewSource(1))}
}

// Generate makes reaches of every shape over the named part of the universe.
func (Reach) Generate(r *rand.Rand, _ int) reflect.Value {
	var ids []string
	for _, id := range universe[:4] {
		if r.Intn(2) == 0 {
			ids = append(ids, id)
		}
	}
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	reach := Only(ids...)
	switch r.Intn(3) {
	case 0:
		reach = AllBut(ids...)
	case 1:
		reach = Reach{All: r.Intn(2) == 0, IDs: ids} // unsorted, as a careless caller has it
	}
	return reflect.ValueOf(reach)
}

// Generate makes small policies over few permissions, so that they meet often; one of
// them cannot be limited and one is unknown to the catalogue.
func (Policy) Generate(r *rand.Rand, size int) reflect.Value {
	p := Policy{}
	for _, perm := range []Permission{"source:edit", "source:connect", "source:live_events", "table:edit", "data_catalog:edit", "gone:edit"} {
		if r.Intn(2) == 0 {
			p[perm] = Reach{}.Generate(r, size).Interface().(Reach)
		}
	}
	return reflect.ValueOf(p)
}

// scene is a random principal and a random question.
type scene struct {
	Principal  Principal
	Permission Permission
	Resource   Resource
}

func (s scene) String() string {
	return fmt.Sprintf("%+v asks %s on %+v", s.Principal, s.Permission, s.Resource)
}

func choose[T any](r *rand.Rand, from ...T) T { return from[r.Intn(len(from))] }

// askedFor is what scenes ask for: everything, what the random policies hold more often.
var askedFor = sync.OnceValue(func() []Permission {
	asked := append(SystemActs(), BuiltIn().Permissions()...)
	for range 5 {
		asked = append(asked, "source:edit", "source:connect", "source:live_events", "table:edit", "data_catalog:edit", "gone:edit")
	}
	return append(asked, "")
})

func (scene) Generate(r *rand.Rand, size int) reflect.Value {
	workspaces := []string{production, production, staging, ""}
	p := Principal{
		Kind: Kind(r.Intn(int(OrganizationToken) + 2)), ID: choose(r, "m1", "m2", "t1", ""),
		Owner: choose(r, "m1", "m2", ""), Organization: choose(r, acme, acme, acme, acme, acme, acme, "rival", ""),
		Role: choose(r, RoleMember, RoleMember, RoleAdmin, ""), Scope: choose(r, ScopeReadOnly, ScopeReadWrite, ScopeAdmin, ""),
		Workspace: choose(r, workspaces...),
		In:        map[string]*Effective{},
	}
	for _, workspace := range workspaces {
		if r.Intn(2) == 0 {
			p.In[workspace] = Combine(randomLayers(r, size)...)
		}
	}
	perm := choose(r, askedFor()...)
	resource := Resource{
		Organization: choose(r, acme, acme, acme, acme, acme, acme, "rival", ""), Workspace: choose(r, workspaces...),
		Type: choose(r, perm.Type(), perm.Type(), "", "source", "member"), ID: choose(r, append(universe, "")...),
		Owner: choose(r, "m1", "m2", ""),
	}
	return reflect.ValueOf(scene{p, perm, resource})
}

func randomLayers(r *rand.Rand, size int) []Layer {
	var layers []Layer
	for range r.Intn(4) {
		layers = append(layers, Layer{
			Kind:   choose(r, LayerBaseline, LayerGroup, LayerMember, LayerToken),
			Policy: Policy{}.Generate(r, size).Interface().(Policy),
		})
	}
	return layers
}

// holds checks a property of random scenes and says how many of them it was about, so
// that no property passes by never applying.
func holds(t *testing.T, property func(scene) (applies, ok bool)) {
	t.Helper()
	about := 0
	check := func(s scene) bool {
		applies, ok := property(s)
		if applies {
			about++
		}
		return !applies || ok
	}
	if err := quick.Check(check, quickConfig(6000)); err != nil {
		t.Error(err)
	}
	if about < 50 {
		t.Errorf("only %d scenes were about it", about)
	}
}

func check(t *testing.T, property any) {
	t.Helper()
	if err := quick.Check(property, quickConfig(2000)); err != nil {
		t.Error(err)
	}
}

func TestReach_OperationsAreThoseOfSets(t *testing.T) {
	check(t, func(a, b Reach) bool {
		union, minus, contains := a.Union(b), a.Minus(b), true
		for _, id := range append(slices.Clone(universe), "") {
			inA, inB := a.Covers(id), b.Covers(id)
			if union.Covers(id) != (inA || inB) || minus.Covers(id) != (inA && !inB) {
				return false
			}
			contains = contains && (inA || !inB)
		}
		return a.Contains(b) == contains && a.Equal(b) == (a.Contains(b) && b.Contains(a)) &&
			isIDSet(union.IDs) && isIDSet(minus.IDs)
	})
}

func TestReach_UnionIsCommutativeAssociativeAndIdempotent(t *testing.T) {
	check(t, func(a, b, c Reach) bool {
		return a.Union(b).Equal(b.Union(a)) && a.Union(b.Union(c)).Equal(a.Union(b).Union(c)) && a.Union(a).Equal(a)
	})
}

func TestPolicy_UnionNeverShrinksAndObeysItsLaws(t *testing.T) {
	check(t, func(p, q, s Policy) bool {
		union := p.Union(q)
		return union.Contains(p) && union.Contains(q) && union.Equal(q.Union(p)) &&
			union.Union(s).Equal(p.Union(q.Union(s))) && p.Union(p).Equal(p) && p.Union(nil).Equal(p)
	})
}

func TestCombine_EqualsTheUnionOneByOne(t *testing.T) {
	check(t, func(a, b, c, d Policy) bool {
		e := Combine(Layer{Policy: a}, Layer{Policy: b}, Layer{Policy: c}, Layer{Policy: d})
		want := a.Union(b).Union(c).Union(d)
		for perm := range want {
			for _, id := range append(slices.Clone(universe), "") {
				allowed := want.Allows(perm, id)
				if e.Allows(perm, id) != allowed || len(e.Sources(perm, id)) > 0 != allowed {
					return false
				}
			}
		}
		return e.Policy().Equal(want)
	})
}

func TestDifference_LeadsFromOneToTheOther(t *testing.T) {
	apply := func(p Policy, change Change) Policy {
		out := p.Clone()
		for _, lost := range change.Removed {
			out[lost.Permission] = out[lost.Permission].Minus(lost.Reach)
		}
		for _, gained := range change.Added {
			out[gained.Permission] = out[gained.Permission].Union(gained.Reach)
		}
		return out
	}
	check(t, func(before, after Policy) bool {
		change := Difference(before, after)
		return apply(before, change).Equal(after) && change.Empty() == before.Equal(after) &&
			reflect.DeepEqual(Difference(after, before), Change{Added: change.Removed, Removed: change.Added})
	})
}

func TestPolicyJSON_RoundTripsAndIsDeterministic(t *testing.T) {
	check(t, func(p, q Policy) bool {
		back, err := ParsePolicy(p.String())
		return err == nil && back.Equal(p) && back.String() == p.String() &&
			p.Equal(q) == (p.String() == q.String())
	})
}

func TestDecide_NeverExceedsTheRulesOfTheCatalogue(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		d := Decide(c, s.Principal, s.Permission, s.Resource)
		_, known := c.Lookup(s.Permission)
		sane := !(d.Allowed && d.Hide) && d.Reason.Permission == s.Permission && d.Reason.Text() != "" &&
			(d.Err("It") == nil) == d.Allowed
		return true, sane && (!d.Allowed || known || systemAct(s.Permission) != actUnknown)
	})
}

func TestDecide_MemberGetsThePlainUnionOfTheLayers(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		entry, known := c.Lookup(s.Permission)
		p, r := s.Principal, s.Resource
		if p.Kind != Member || p.Role == RoleAdmin || !known || p.Organization != acme || r.Organization != acme {
			return false, true
		}
		given, in := p.In[r.Workspace]
		want := false
		for _, layer := range given.Layers() {
			want = want || layer.Policy.Allows(s.Permission, r.ID)
		}
		if !entry.Limitable { // type-wide: some layer must give it so
			wide := false
			for _, layer := range given.Layers() {
				wide = wide || layer.Policy[s.Permission].All
			}
			want = want && wide
		}
		want = want && in && r.Workspace != "" && (r.Type == "" || r.Type == s.Permission.Type())
		return true, Decide(c, p, s.Permission, r).Allowed == want
	})
}

func TestDecide_ReadOnlyNeverWrites(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		s.Principal.Kind, s.Principal.Scope, s.Principal.Workspace = PersonalToken, ScopeReadOnly, s.Resource.Workspace
		if !Decide(c, s.Principal, s.Permission, s.Resource).Allowed {
			return false, true
		}
		return true, s.Permission == ViewWorkspace || c.SectionOf(s.Permission) == SectionPII
	})
}

func TestDecide_PersonalTokenNeverExceedsItsOwner(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		s.Principal.Kind = PersonalToken
		owner := s.Principal
		owner.Kind, owner.ID, owner.Owner, owner.Workspace, owner.Scope = Member, s.Principal.Owner, "", "", ""
		if !Decide(c, s.Principal, s.Permission, s.Resource).Allowed {
			return false, true
		}
		return true, Decide(c, owner, s.Permission, s.Resource).Allowed
	})
}

func TestDecide_ReadWriteIsTheOwnerInTheOneWorkspace(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		if _, known := c.Lookup(s.Permission); !known || s.Resource.Workspace != s.Principal.Workspace {
			return false, true
		}
		s.Principal.Kind, s.Principal.Scope = PersonalToken, ScopeReadWrite
		owner := s.Principal
		owner.Kind = Member
		allowed := Decide(c, owner, s.Permission, s.Resource).Allowed
		return allowed, Decide(c, s.Principal, s.Permission, s.Resource).Allowed
	})
}

func TestDecide_WorkspaceTokenNeverSeesAnythingElse(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		s.Principal.Kind = WorkspaceToken
		if !Decide(c, s.Principal, s.Permission, s.Resource).Allowed {
			return false, true
		}
		_, known := c.Lookup(s.Permission)
		return true, (known || s.Permission == ViewWorkspace) && s.Resource.Workspace == s.Principal.Workspace &&
			s.Resource.Workspace != "" && s.Resource.Organization == s.Principal.Organization
	})
}

func TestDecide_OrganizationTokenNeverSeesAWorkspace(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		s.Principal.Kind = OrganizationToken
		if !Decide(c, s.Principal, s.Permission, s.Resource).Allowed {
			return false, true
		}
		return true, slices.Contains([]Permission{UseSCIM, ReadAuditLog, ReadUsage}, s.Permission) &&
			s.Resource.Organization == s.Principal.Organization
	})
}

func TestDecide_MoreLayersNeverTakeAnythingAway(t *testing.T) {
	c := BuiltIn()
	r := rand.New(rand.NewSource(1))
	holds(t, func(s scene) (bool, bool) {
		before := Decide(c, s.Principal, s.Permission, s.Resource)
		in := map[string]*Effective{}
		for _, workspace := range []string{production, staging} {
			in[workspace] = Combine(append(s.Principal.In[workspace].Layers(), randomLayers(r, 0)...)...)
		}
		s.Principal.In = in
		return before.Allowed, Decide(c, s.Principal, s.Permission, s.Resource).Allowed
	})
}

func TestEffectivePolicy_SaysWhatDecideAllows(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		s.Resource.Type, s.Resource.Organization = "", s.Principal.Organization
		if _, known := c.Lookup(s.Permission); !known {
			return false, true
		}
		d := Decide(c, s.Principal, s.Permission, s.Resource)
		told := EffectivePolicy(c, s.Principal, s.Resource.Workspace).Allows(s.Permission, s.Resource.ID)
		return true, d.Allowed == told
	})
}

func TestDecide_HidesEveryForeignWorkspace(t *testing.T) {
	c := BuiltIn()
	holds(t, func(s scene) (bool, bool) {
		d := Decide(c, s.Principal, s.Permission, s.Resource)
		foreign := s.Resource.Workspace != "" && !s.Principal.IsIn(s.Resource.Workspace)
		if !foreign || s.Permission == ManagePersonalToken || s.Permission == CreatePersonalToken {
			return false, true
		}
		// An organization token gets one answer for all workspaces; an Admin-scope token of
		// an Admin administers all of them.
		if s.Principal.Kind == OrganizationToken || (s.Principal.Kind == PersonalToken && s.Principal.Scope == ScopeAdmin) {
			return false, true
		}
		return true, d.Hide
	})
}
