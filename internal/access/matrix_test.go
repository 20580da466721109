package access

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/policy.golden")

// actor is a column of the matrix.
type actor struct {
	name, means string
	principal   Principal
	self        string // the member who is meant by "own"
}

func actors(c *Catalogue) []actor {
	limited := Policy{}
	for _, perm := range c.Permissions() {
		limited[perm] = Everywhere()
		if entry, _ := c.Lookup(perm); entry.Limitable {
			limited[perm] = Only("chosen")
		}
	}
	viewer, edit := member(baseline(nil)), member(baseline(nil), Layer{Kind: LayerMember, Policy: editor(c)})
	chosen := member(Layer{Kind: LayerGroup, Name: "Few", Policy: limited})
	outsider := member()
	outsider.In = nil
	stranger := admin()
	stranger.Organization = "rival"
	columns := []actor{
		{"nobody", "the zero principal", Principal{}, ""},
		{"outsider", "a member in no workspace", outsider, "m1"},
		{"viewer", "a member with an empty baseline", viewer, "m1"},
		{"editor", "a member: Edit and Connect on all but transformations and libraries", edit, "m1"},
		{"chosen", "a member: everything, limited to one resource where possible", chosen, "m1"},
		{"admin", "an Admin", admin(), "boss"},
		{"stranger", "an Admin of another organization", stranger, "boss"},
		{"pat-out", "Read-Write token of the outsider", tokenOf(outsider, ScopeReadWrite), "m1"},
		{"pat-view", "Read-Write token of the viewer", tokenOf(viewer, ScopeReadWrite), "m1"},
		{"pat-ro", "Read-Only token of chosen", tokenOf(chosen, ScopeReadOnly), "m1"},
		{"pat-rw", "Read-Write token of chosen", tokenOf(chosen, ScopeReadWrite), "m1"},
		{"pat-adm", "Admin-scope token of chosen", tokenOf(chosen, ScopeAdmin), "m1"},
		{"adm-ro", "Read-Only token of the Admin", tokenOf(admin(), ScopeReadOnly), "boss"},
		{"adm-rw", "Read-Write token of the Admin", tokenOf(admin(), ScopeReadWrite), "boss"},
		{"adm-adm", "Admin-scope token of the Admin", tokenOf(admin(), ScopeAdmin), "boss"},
		{"sat-none", "workspace token without permissions", workspaceToken(baseline(nil)), ""},
		{"sat-few", "workspace token: as chosen", workspaceToken(Layer{Kind: LayerToken, Policy: limited}), ""},
		{"oat", "organization token", organizationToken(), ""},
	}
	return columns
}

// relation is how the resource of a row stands to the actor.
type relation struct {
	name string
	of   func(a actor, perm Permission) Resource
}

func relations(kind act) []relation {
	place := func(org, workspace, id string) func(actor, Permission) Resource {
		return func(_ actor, perm Permission) Resource {
			return Resource{Organization: org, Workspace: workspace, Type: perm.Type(), ID: id}
		}
	}
	owned := func(workspace string, own bool) func(actor, Permission) Resource {
		return func(a actor, perm Permission) Resource {
			owner := "somebody"
			if own {
				owner = a.self
			}
			return Resource{Organization: acme, Workspace: workspace, Type: perm.Type(), ID: "t", Owner: owner}
		}
	}
	elsewhere, abroad := relation{"other workspace", place(acme, staging, "chosen")}, relation{"other organization",
		place("abroad", production, "chosen")}
	switch kind {
	case actResource:
		return []relation{
			{"chosen resource", place(acme, production, "chosen")},
			{"other resource", place(acme, production, "other")},
			{"type-wide", place(acme, production, "")}, elsewhere, abroad,
		}
	case actManageToken, actCreateToken:
		return []relation{
			{"own", owned(production, true)}, {"somebody's", owned(production, false)},
			{"own, other workspace", owned(staging, true)}, {"somebody's, other workspace", owned(staging, false)}, abroad,
		}
	}
	return []relation{
		{"organization", place(acme, "", "")}, {"workspace", place(acme, production, "")}, elsewhere, abroad,
	}
}

func mark(d Decision) string {
	switch {
	case d.Allowed && d.Hide:
		return "BROKEN"
	case d.Allowed:
		return "yes"
	case d.Hide:
		return "hidden"
	case d.Reason.Code == WrongTokenLevel:
		return "level"
	}
	return "-"
}

// matrix renders principal × action × relation.
func matrix(c *Catalogue) string {
	var b strings.Builder
	columns := actors(c)
	b.WriteString("yes: allowed   -: denied   hidden: not found   level: wrong level of token\n\n")
	for _, a := range columns {
		fmt.Fprintf(&b, "%-9s %s\n", a.name, a.means)
	}
	for _, perm := range append(SystemActs(), c.Permissions()...) {
		kind := systemAct(perm)
		if _, known := c.Lookup(perm); known {
			kind = actResource
		}
		fmt.Fprintf(&b, "\n%-29s", perm)
		for _, a := range columns {
			fmt.Fprintf(&b, " %-8s", a.name)
		}
		for _, rel := range relations(kind) {
			fmt.Fprintf(&b, "\n  %-27s", rel.name)
			for _, a := range columns {
				fmt.Fprintf(&b, " %-8s", mark(Decide(c, a.principal, perm, rel.of(a, perm))))
			}
		}
		b.WriteString("\n")
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestDecide_MatrixIsAsTheGoldenFileSpellsIt(t *testing.T) {
	got, path := matrix(BuiltIn()), filepath.Join("testdata", "policy.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./internal/access -update writes it)", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the matrix has changed (-golden +now); if that is meant, run with -update:\n%s", diff)
	}
}
