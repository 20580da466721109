package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const searchPath = "/search"

var hitPattern = regexp.MustCompile(`(?s)<a class="search-hit"[^>]*href="([^"]*)">.*?<bdi>([^<]*)</bdi>`)

// hits returns the addresses that a search finds, by their labels.
func hits(t *testing.T, b *browser, text string) map[string]string {
	t.Helper()
	got := b.get(searchPath + "?q=" + url.QueryEscape(text))
	if got.status != http.StatusOK {
		t.Fatalf("search %+q: %d", text, got.status)
	}
	found := map[string]string{}
	for _, m := range hitPattern.FindAllStringSubmatch(got.body, -1) {
		found[m[2]] = m[1]
	}
	return found
}

// TestSearch_FindsWhatTheVisitorMaySee searches the same texts as an Admin and as a Member.
func TestSearch_FindsWhatTheVisitorMaySee(t *testing.T) {
	s := newSite(t)
	ctx, admin, editor := context.Background(), s.caller(t, adminEmail), s.caller(t, editorEmail)
	workspace := firstWorkspace(t, s)
	own, err := s.app.Tokens.GeneratePersonal(ctx, editor.Caller(), token.NewPersonal{Name: "zebra 100% own", Workspace: workspace,
		Scope: access.ScopeReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.app.Tokens.GeneratePersonal(ctx, admin.Caller(), token.NewPersonal{Name: "zebra of the Admin", Workspace: workspace,
		Scope: access.ScopeReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	service, err := s.app.Tokens.GenerateOrganization(ctx, admin.Caller(), token.NewOrganization{Name: "Zebra_1000 service"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.Accounts.Groups.Create(ctx, admin.Caller(), account.GroupSettings{Name: "Écurie Zebra"}, nil); err != nil {
		t.Fatal(err)
	}
	member := account.Member{ID: "zebramember", Organization: admin.Organization, Email: "z.ebra@acme.example", Name: "Zebra می\u200cخواهم",
		Role: access.RoleMember, Status: account.Active, CreatedAt: s.now(), UpdatedAt: s.now()}
	if err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertMember(ctx, member, "") }); err != nil {
		t.Fatal(err)
	}
	last := func(g token.Generated) string { return g.Token.Hint[len(g.Token.Hint)-4:] }
	const oursName, theirsName, serviceName, groupName = "zebra 100% own", "zebra of the Admin", "Zebra_1000 service", "Écurie Zebra"
	for _, tt := range []struct {
		text          string
		admin, editor []string // labels
	}{
		{"zebra", []string{oursName, theirsName, serviceName, groupName, member.Name}, []string{oursName}},
		{"ZEBRA ", []string{oursName, theirsName, serviceName, groupName, member.Name}, []string{oursName}},
		{"0%", []string{oursName}, []string{oursName}},
		{"%", []string{oursName}, []string{oursName}},
		{"a_1", []string{serviceName}, nil},
		{"zebra\\", nil, nil},
		{"écurie", []string{groupName}, nil},
		{"ÉCURIE", []string{groupName}, nil},
		{"میخواهم", []string{member.Name}, nil},
		{"می\u200cخواهم", []string{member.Name}, nil},
		{"z.ebra@", []string{member.Name}, nil},
		{member.ID, []string{member.Name}, nil},
		{own.Token.ID, []string{oursName}, []string{oursName}},
		{theirs.Token.ID, []string{theirsName}, nil},
		{service.Token.ID, []string{serviceName}, nil},
		{own.Token.Hint, []string{oursName}, []string{oursName}},
		{theirs.Token.Hint, []string{theirsName}, nil},
		{strings.Replace(service.Token.Hint, "…", "...", 1), []string{serviceName}, nil},
		{last(own), []string{oursName}, []string{oursName}},
		{last(service), []string{serviceName}, nil},
		{"audit logs", []string{"Audit Logs"}, nil},
		{"baseline", []string{"Baseline Workspace Policies", "What people and tokens may do"}, []string{"What people and tokens may do"}},
		{"your profile", []string{"Your Profile"}, []string{"Your Profile"}},
		{"\ufe0f", nil, nil}, {"\u200d", nil, nil}, {"\xff", nil, nil}, {"a\x00b", nil, nil}, {"\u202ezebra", nil, nil}, {"", nil, nil},
	} {
		for who, b := range map[string]*browser{"Admin": s.signedIn(t, adminEmail), "Member": s.signedIn(t, editorEmail)} {
			want := tt.admin
			if who == "Member" {
				want = tt.editor
			}
			var got []string
			for label := range hits(t, b, tt.text) {
				got = append(got, strings.ReplaceAll(label, "&#39;", "'"))
			}
			slices.Sort(got)
			want = slices.Sorted(slices.Values(want))
			if !slices.Equal(got, want) {
				t.Errorf("%+q for a %s finds %q, want %q", tt.text, who, got, want)
			}
		}
	}
	// What a search leads to can be opened.
	for who, b := range map[string]*browser{"Admin": s.signedIn(t, adminEmail), "Member": s.signedIn(t, editorEmail)} {
		for _, text := range []string{"e", "token", "zebra"} {
			for label, href := range hits(t, b, text) {
				href, _, _ = strings.Cut(strings.ReplaceAll(href, "&amp;", "&"), "#")
				if got := b.get(href); got.status != http.StatusOK && got.status != http.StatusSeeOther {
					t.Errorf("a %s finds %q and gets %d from %s", who, label, got.status, href)
				}
			}
		}
	}
}

func TestSearch_ShowsEightOfAKindAndLeadsToAllOfThem(t *testing.T) {
	s := newSite(t)
	editor := s.caller(t, editorEmail)
	for i := range account.MaxFound + 1 {
		_, err := s.app.Tokens.GeneratePersonal(context.Background(), editor.Caller(), token.NewPersonal{Name: fmt.Sprint("zebra ", i),
			Workspace: firstWorkspace(t, s), Scope: access.ScopeReadOnly})
		if err != nil {
			t.Fatal(err)
		}
	}
	found := hits(t, s.signedIn(t, editorEmail), "zebra")
	if all := found["All matching personal access tokens of yours"]; len(found) != account.MaxFound+1 ||
		all != "/settings/personal-access-tokens?q=zebra" {
		t.Errorf("%v", found)
	}
}

// TestSearch_TakesNoSecret pastes a token into the form and types it into the address.
func TestSearch_TakesNoSecret(t *testing.T) {
	s := newSite(t)
	generated, err := s.app.Tokens.GenerateOrganization(context.Background(), s.caller(t, adminEmail).Caller(),
		token.NewOrganization{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	secret := generated.Secret.Reveal()
	for who, email := range map[string]string{"Admin": adminEmail, "Member": editorEmail} {
		b := s.signedIn(t, email)
		for _, text := range []string{secret, "Bearer " + secret, secret[:20] + "\u200b" + secret[20:], secret[6:], secret[:30]} {
			for _, got := range []answer{b.post(searchPath, url.Values{"q": {text}}), b.get(searchPath + "?q=" + url.QueryEscape(text))} {
				if got.status != http.StatusSeeOther || got.header.Get("Location") != "/search?refused=token" ||
					strings.Contains(got.body, secret[10:25]) {
					t.Errorf("%s: %d %q", who, got.status, got.header.Get("Location"))
				}
			}
		}
		got := b.get("/search?refused=token")
		if !strings.Contains(got.body, "This looks like a token") || strings.Contains(got.body, "/identify-token") != (who == "Admin") ||
			strings.Contains(got.body, "data-search-refusal role=\"alert\" hidden") {
			t.Errorf("%s: %s", who, got.body)
		}
	}
	b := s.signedIn(t, adminEmail)
	if got := b.post(searchPath, url.Values{"q": {" ci probe & more "}}); got.status != http.StatusSeeOther ||
		got.header.Get("Location") != "/search?q=ci+probe+%26+more" {
		t.Errorf("%d %q", got.status, got.header.Get("Location"))
	}
	if got := b.post(searchPath, url.Values{"q": {strings.Repeat("wé", 5000)}}); len(got.header.Get("Location")) > 254*6+20 {
		t.Errorf("%d bytes", len(got.header.Get("Location")))
	}
}

// TestHelp_HasEveryTopicThatPagesLinkTo follows the help of each page.
func TestHelp_HasEveryTopicThatPagesLinkTo(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	help, linked := b.get("/help").body, 0
	for _, p := range pages() {
		if p.Method != http.MethodGet || strings.Contains(p.Path, ":") {
			continue
		}
		for _, m := range regexp.MustCompile(`class="help-link" href="/help#([a-z-]+)"`).FindAllStringSubmatch(b.get(p.Path).body, -1) {
			linked++
			if !strings.Contains(help, `id="`+m[1]+`"`) {
				t.Errorf("%s: the help has no %s", p.Path, m[1])
			}
		}
	}
	if linked < 6 {
		t.Errorf("only %d pages link to the help", linked)
	}
	for _, m := range regexp.MustCompile(`<li><a href="([^"#]+)"`).FindAllStringSubmatch(help, -1) {
		if got := b.get(strings.ReplaceAll(m[1], "&amp;", "&")); got.status != http.StatusOK && got.status != http.StatusSeeOther {
			t.Errorf("the help leads to %s, which answers %d", m[1], got.status)
		}
	}
}
