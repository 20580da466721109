package api_test

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// act is a request that can be repeated, and the decision that it must get from a
// principal: worked out here from access alone.
type act struct {
	method, path, body string
	decide             func(access.Principal) access.Decision
}

// stage is an office with things to act upon.
type stage struct {
	*office
	rng       *rand.Rand
	catalogue *access.Catalogue
	ids       map[string][]string // by type
	acts      []act
}

func newStage(t testing.TB, seed uint64) *stage {
	s := &stage{office: newOffice(t), rng: rand.New(rand.NewPCG(seed, 7)), catalogue: access.BuiltIn(), ids: map[string][]string{}}
	all := s.everything()
	for range 3 {
		s.ids["source"] = append(s.ids["source"], s.source(all))
		s.ids["destination"] = append(s.ids["destination"], s.destination(all))
		s.ids["transformation"] = append(s.ids["transformation"], s.transformation(all))
		s.ids["tracking_plan"] = append(s.ids["tracking_plan"], s.plan(all))
	}
	s.ids["transformation_library"] = []string{s.library(all)}
	for i := range 3 {
		s.joined(all, i)
	}
	for _, id := range s.ids["transformation_library"] {
		s.act(http.MethodPost, "/libraries/"+id, `{"description":"%d"}`,
			s.needs("transformation_library:edit", s.at("transformation_library", id)))
	}
	s.act(http.MethodPost, "/v2/sources", sourceBody, s.needs("source:create_delete", s.at("source", "")))
	s.act(http.MethodPost, "/libraries", libraryBody, s.needs("transformation_library:edit", s.at("transformation_library", "")))
	s.act(http.MethodPost, "/v2/catalog/tracking-plans", planBody,
		s.needs("tracking_plan:create_delete", s.at("tracking_plan", "")), s.needs("data_catalog:edit", s.at("data_catalog", "")))
	s.act(http.MethodGet, "/v2/sources", "", s.needs(access.ViewWorkspace, s.at("", "")))
	return s
}

// joined adds what can be done with the i-th of each, and joins them.
func (s *stage) joined(all string, i int) {
	source, destination := s.ids["source"][i], s.ids["destination"][i]
	script, plan := s.ids["transformation"][i], s.ids["tracking_plan"][i]
	connection := s.connection(all, source, destination)
	s.good(all, http.MethodPut, "/v2/destinations/"+destination+"/transformation", `{"transformationId":"`+script+`"}`)
	link := "/v2/catalog/tracking-plans/" + plan + "/sources/" + source
	s.good(all, http.MethodPost, link, `{"config":{}}`)
	ends := func(a, b access.Resource) func(access.Principal) access.Decision {
		return func(p access.Principal) access.Decision { return access.DecideConnection(s.catalogue, p, a, b) }
	}
	s.act(http.MethodPut, "/v2/sources/"+source, `{"name":"n%d"}`, s.needs("source:edit", s.at("source", source)))
	s.act(http.MethodPut, "/v2/destinations/"+destination, `{"name":"n%d"}`, s.needs("destination:edit", s.at("destination", destination)))
	s.act(http.MethodPost, "/transformations/"+script, `{"description":"%d"}`, s.needs("transformation:edit", s.at("transformation", script)))
	s.act(http.MethodPut, "/v2/catalog/tracking-plans/"+plan, `{"description":"%d"}`,
		s.needs("tracking_plan:edit", s.at("tracking_plan", plan)), s.needs("data_catalog:edit", s.at("data_catalog", "")))
	s.act(http.MethodPut, "/v2/connections/"+connection, `{"enabled":true}`, ends(s.at("source", source), s.at("destination", destination)))
	s.act(http.MethodPut, "/v2/destinations/"+destination+"/transformation", `{"transformationId":"`+script+`"}`,
		ends(s.at("destination", destination), s.at("transformation", script)))
	s.act(http.MethodPut, link, `{"config":{"a":%d}}`, ends(s.at("tracking_plan", plan), s.at("source", source)),
		s.needs("data_catalog:edit", s.at("data_catalog", "")))
	s.act(http.MethodGet, "/v2/sources/"+source, "", s.needs(access.ViewWorkspace, s.at("", "")))
}

func (s *stage) at(typ, id string) access.Resource {
	return access.Resource{Organization: s.org, Workspace: s.main, Type: typ, ID: id}
}

func (s *stage) needs(perm access.Permission, r access.Resource) func(access.Principal) access.Decision {
	return func(p access.Principal) access.Decision { return access.Decide(s.catalogue, p, perm, r) }
}

func (s *stage) act(method, path, body string, all ...func(access.Principal) access.Decision) {
	s.acts = append(s.acts, act{method, path, body, func(p access.Principal) access.Decision {
		decisions := make([]access.Decision, len(all))
		for i := range all {
			decisions[i] = all[i](p)
		}
		return access.AllOf(decisions...)
	}})
}

// policy is a random one: each permission not at all, everywhere, or for some resources.
func (s *stage) policy() access.Policy {
	p := access.Policy{}
	for _, perm := range s.catalogue.Permissions() {
		entry, _ := s.catalogue.Lookup(perm)
		ids := s.ids[perm.Type()]
		switch n := s.rng.IntN(10); {
		case n < 4:
			p[perm] = access.Everywhere()
		case n < 7 && entry.Limitable && len(ids) > 0:
			chosen := ids[s.rng.IntN(len(ids))]
			if p[perm] = access.Only(chosen); n == 6 {
				p[perm] = access.AllBut(chosen)
			}
		}
	}
	return p
}

func TestProperty_TheAnswerIsWhatDecideSaysOfFreshlyLoadedData(t *testing.T) {
	const rounds = 20
	for seed := range uint64(2) {
		s := newStage(t, seed)
		tokens := map[string]string{} // id → secret
		keep := func(id, secret string) { tokens[id] = secret }
		member := s.member("random", s.policy())
		for range rounds {
			s.change(member, keep)
			for id, secret := range tokens {
				s.compare(id, secret, s.acts[s.rng.IntN(len(s.acts))])
			}
		}
	}
}

// change makes a token, or alters what decides about those there are.
func (s *stage) change(m account.Member, keep func(id, secret string)) {
	s.Helper()
	switch s.rng.IntN(5) {
	case 0:
		t, secret := s.service(s.policy())
		keep(t.ID, secret)
	case 1:
		t, secret := s.personal(m, []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite, access.ScopeAdmin}[s.rng.IntN(3)])
		keep(t.ID, secret)
	case 2:
		s.save(policy.Place{Kind: policy.Baseline, Workspace: s.main})
	case 3:
		s.save(policy.Place{Kind: policy.OfMember, Workspace: s.main, Subject: m.ID})
	case 4:
		t, secret := s.insert(organizationToken())
		keep(t.ID, secret)
	}
}

func (s *stage) save(at policy.Place) {
	s.Helper()
	v, err := s.policies.At(s.ctx, s.admin, at)
	s.must(err)
	_, err = s.policies.Save(s.ctx, s.admin.Caller(), at, v.Revision(), s.policy())
	s.must(err)
}

func (s *stage) compare(id, secret string, a act) {
	s.Helper()
	explained, err := s.policies.Explain(s.ctx, s.admin, policy.Question{Token: id, Permission: access.ManageMembers})
	s.must(err)
	p := explained.Principal
	d := a.decide(p)
	want := http.StatusOK
	switch err := d.Err("It"); {
	case fault.Is(err, fault.Unauthenticated):
		want = http.StatusUnauthorized
	case fault.Is(err, fault.NotFound):
		want = http.StatusNotFound
	case err != nil:
		want = http.StatusForbidden
	}
	// A number that differs makes it a change.
	body := strings.ReplaceAll(a.body, "%d", strconv.Itoa(s.rng.IntN(1000)))
	if got := s.call(secret, a.method, a.path, body); got.status != want {
		s.Errorf("%s %s by %s: %d %s, but Decide says %v (%s)", a.method, a.path, p.Kind, got.status, got.body, d.Allowed, d.Reason.Text())
	}
}
