package resource

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/registry"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/resource"
	"latchkey/web/openapi"
	"latchkey/web/ui/kit"
)

var resourceNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func browseOf(n int) registry.Browse {
	refused := access.Decide(access.BuiltIn(), access.Principal{Kind: access.Member, Organization: "o",
		In: map[string]*access.Effective{"w": access.Combine()}}, "source:edit", access.Resource{Organization: "o", Workspace: "w", Type: "source", ID: "s"})
	allowed := access.Decision{Allowed: true}
	entry := func(action, label string) access.Entry {
		return access.Entry{Permission: access.NewPermission("source", action), Label: label}
	}
	b := registry.Browse{Workspace: account.Workspace{ID: "w", Name: "Main"}, Total: n, Counts: map[string]int{"source": n},
		Types: []registry.TypeRights{{Type: "source", Label: "Event Stream Sources",
			Rights: []registry.Right{{Entry: entry("create_delete", "Create & Delete"), Decision: refused}}}}}
	for i := range n {
		b.Items = append(b.Items, registry.Browsed{
			Resource: registry.Resource{ID: fmt.Sprintf("3MRBbgJS4tKDVpTlGkb3vl%05d", i), Type: "source",
				Name: fmt.Sprint("Web shop of the region number ", i), Definition: "Javascript", UpdatedAt: resourceNow.Add(-time.Hour)},
			Rights: []registry.Right{{Entry: entry("connect", "Connect"), Decision: allowed}, {Entry: entry("edit", "Edit"), Decision: refused},
				{Entry: entry("create_delete", "Create & Delete"), Decision: refused},
				{Entry: entry("live_events", "Live events"), Decision: refused}}})
	}
	return b
}

func typesOf() []registry.TypeRights {
	return []registry.TypeRights{{Type: "source", Label: "Event Stream Sources"}, {Type: "table", Label: "Tables"}}
}

func TestResourcesView_SaysWhatOneMayAndWhyNotMore(t *testing.T) {
	m := resourcesView(browseOf(1), typesOf(), "", kit.ReadPaging("/r", url.Values{}, 20), resourceNow)
	want := page.Access{About: "Web shop of the region number 0",
		May: []component.BadgeModel{{Text: "Connect", Tone: component.Good, Icon: "check"}},
		Reasons: []page.Reason{
			{Label: "Edit", Text: "Not allowed: the permission source:edit is missing: no policy in this workspace grants it."},
			{Label: "Create & Delete", Text: "Not allowed: the permission source:edit is missing: no policy in this workspace grants it."},
			{Label: "Live events", Text: "Not allowed: the permission source:edit is missing: no policy in this workspace grants it."},
		}}
	if diff := cmp.Diff(want, m.Rows[0].Access); diff != "" {
		t.Error(diff)
	}
	if m.Rows[0].Type != "Event Stream Sources" || m.Rows[0].Detail != "Javascript" || m.None != nil || m.Pages != nil {
		t.Errorf("%+v", m)
	}
	if a := m.Types.Rows[0].Access; a.Nothing == "" || len(a.May) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestResourcesView_OffersTypesAndTellsEmptyFromFiltered(t *testing.T) {
	q := kit.ReadPaging("/r", url.Values{}, 20)
	for name, c := range map[string]struct {
		found  registry.Browse
		chosen string
		find   string
		title  string
		types  string
		clear  string
	}{
		"nothing at all": {browseOf(0), "", "", "No resources yet", "All types", ""},
		"of another type": {registry.Browse{Counts: map[string]int{"source": 2}}, "table", "", "Nothing matches this filter.",
			"All types|Event Stream Sources (2)|Tables (0)", "/r"},
		"a search":        {browseOf(0), "", "zz", "Nothing matches this filter.", "All types", "/r"},
		"an unknown type": {browseOf(0), "nonsense", "", "Nothing matches this filter.", "All types", "/r"},
	} {
		q.Find = c.find
		m := resourcesView(c.found, typesOf(), c.chosen, q, resourceNow)
		var types []string
		for _, o := range m.Filter.Selects[0].Options {
			types = append(types, o.Label)
		}
		if m.None == nil || m.None.Title != c.title || strings.Join(types, "|") != c.types || m.Filter.ClearHref != c.clear {
			t.Errorf("%s: %+v, types %q, clear %q", name, m.None, types, m.Filter.ClearHref)
		}
	}
}

func TestResourcesView_NamesSecretsThatAreSet(t *testing.T) {
	found := browseOf(2)
	found.Items[0].Secrets = []registry.Path{`["password"]`, `["hosts",0,"api<Key>\u202e"]`}
	for range 7 {
		found.Items[1].Secrets = append(found.Items[1].Secrets, `["`+registry.Path(strings.Repeat("x", 500))+`"]`)
	}
	m := resourcesView(found, typesOf(), "", kit.ReadPaging("/r", url.Values{}, 20), resourceNow)
	if got := m.Rows[0].Secrets; len(got) != 2 || got[0] != "password: set" || !strings.HasPrefix(got[1], "hosts[0].api<Key>") ||
		strings.Contains(got[1], "\u202e") {
		t.Errorf("%q", got)
	}
	if got := m.Rows[1].Secrets; len(got) != 6 || got[5] != "2 more secrets" || len(got[0]) > 100 {
		t.Errorf("%q", got)
	}
	m.Shell = layout.Shell{Title: "Resources"}
	var b strings.Builder
	if err := page.ResourcesPage(m).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<li>password: set</li>") || strings.Contains(b.String(), "<Key>") {
		t.Error("the page does not show it, or not as text")
	}
}

func TestResourcesPage_StaysSmall(t *testing.T) {
	m := resourcesView(browseOf(resourcesPerPage), typesOf(), "", kit.ReadPaging("/r", url.Values{}, resourcesPerPage), resourceNow)
	m.Shell = layout.Shell{Title: "Resources"}
	var b strings.Builder
	if err := page.ResourcesPage(m).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 50<<10 {
		t.Errorf("%d bytes", b.Len())
	}
}

func TestAPIDocsPage_ShowsEveryOperationAndStaysSmall(t *testing.T) {
	document := openapi.New()
	groups, err := document.Groups()
	if err != nil {
		t.Fatal(err)
	}
	about, err := document.About()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := page.APIDocsPage(apiDocsView(about, groups)).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, op := range g.Operations {
			if !strings.Contains(b.String(), `id="`+op.ID+`"`) || !strings.Contains(b.String(), op.Path) {
				t.Errorf("%s %s is not on the page", op.Method, op.Path)
			}
		}
	}
	if b.Len() > 50<<10 || !strings.Contains(b.String(), "transformation_library:edit") {
		t.Errorf("%d bytes", b.Len())
	}
}
