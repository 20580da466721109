package token

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/internal/warning"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	"latchkey/web/ui/uitest"
)

var noon = uitest.Noon()

func rowNames(m page.List) []string {
	names := []string{}
	for _, r := range m.Rows {
		names = append(names, r.Name)
	}
	return names
}

// listOf presents a list of tokens that is in memory.
func listOf(tokens []token.Token, q ListQuery, base, caption string, now time.Time) page.List {
	return List(q.Listing(now).Of(tokens), q, base, caption, now)
}

func TestTokenRow_ShowsEverythingAboutAToken(t *testing.T) {
	tok := token.Token{ID: "id/1", Name: "ci-probe", Hint: "lkpat_…a1B2", WorkspaceName: "Staging", Scope: access.ScopeAdmin,
		CreatedByName: "Eli Editor", CreatedAt: noon.Add(-3 * kit.Day), ExpiresAt: noon.Add(5 * kit.Day), LastUsedAt: noon.Add(-2 * time.Hour)}
	want := page.Row{ID: "id/1", Name: "ci-probe", Href: "/tokens/id%2F1", Hint: "lkpat_…a1B2", Workspace: "Staging",
		Scope: "Admin (deprecated)", Old: true,
		Maker:    "Eli Editor",
		Created:  component.TimeModel{Machine: "2026-11-18T12:00:00Z", Text: "3 days ago", Absolute: "18 Nov 2026, 12:00 UTC"},
		LastUsed: component.TimeModel{Machine: "2026-11-21T10:00:00Z", Text: "2 hours ago", Absolute: "21 Nov 2026, 10:00 UTC"},
		Expires:  component.TimeModel{Machine: "2026-11-26T12:00:00Z", Text: "in 5 days", Absolute: "26 Nov 2026, 12:00 UTC"},
		DueTone:  component.Warn,
		State:    component.StateModel{Text: "Expires soon", Tone: component.Warn, Title: "Expires 26 Nov 2026, 12:00 UTC"},
		Delete: component.ButtonModel{Label: "Delete", Context: "ci-probe", Href: "/tokens/id%2F1/delete",
			Variant: component.DangerQuiet, Small: true, Dialog: true},
	}
	if diff := cmp.Diff(want, rowView(tok, "/tokens", noon)); diff != "" {
		t.Error(diff)
	}
	got := rowView(token.Token{}, "/tokens", noon)
	if got.LastUsed.Text != "Never" || got.Expires.Text != "No expiration" || got.Maker != "an unknown user" {
		t.Errorf("%+v", got)
	}
}

func TestTokenList_FiltersSortsAndPages(t *testing.T) {
	tokens := uitest.Tokens(60)
	tests := []struct {
		query       string
		first, last string
		rows        int
		summary     string
	}{
		{"", "token-000", "token-024", 25, "1–25 of 60"},
		{"page=3", "token-050", "token-059", 10, "51–60 of 60"},
		{"sort=created", "token-059", "token-035", 25, "1–25 of 60"},
		{"sort=-name", "token-059", "token-035", 25, "1–25 of 60"},
		{"q=TOKEN-04", "token-040", "token-049", 10, ""},
		{"q=token-04+staging+active", "token-040", "token-049", 10, ""},
		{"sort=rocket&page=x", "token-000", "token-024", 25, "1–25 of 60"},
	}
	for _, tt := range tests {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		m := listOf(tokens, ReadListQuery("/list", query), "/tokens", "Tokens", noon)
		names := rowNames(m)
		if len(names) != tt.rows || names[0] != tt.first || names[len(names)-1] != tt.last {
			t.Errorf("%q: %v", tt.query, names)
		}
		if (m.Pages == nil) != (tt.summary == "") || m.Pages != nil && m.Pages.Summary != tt.summary {
			t.Errorf("%q: pages %+v, want %q", tt.query, m.Pages, tt.summary)
		}
	}
}

func TestTokenList_OffersAFilterWhereItHelps(t *testing.T) {
	short := listOf(uitest.Tokens(10), ListQuery{path: "/list", page: 1}, "/tokens", "Tokens", noon)
	if short.Filter != nil || short.Pages != nil {
		t.Error("ten tokens need no filter")
	}
	middle := listOf(uitest.Tokens(11), ListQuery{path: "/list", page: 1}, "/tokens", "Tokens", noon)
	if middle.Filter == nil || middle.Filter.Live != "#tokens" {
		t.Errorf("eleven tokens: %+v", middle.Filter)
	}
	long := listOf(uitest.Tokens(26), ListQuery{path: "/list", page: 1}, "/tokens", "Tokens", noon)
	if long.Filter == nil || long.Filter.Live != "" {
		t.Error("what is on several pages cannot be filtered in one of them")
	}
	none := listOf(uitest.Tokens(3), ListQuery{path: "/list", page: 1, find: "nothing like it", sort: "name"}, "/tokens", "Tokens", noon)
	if none.None == "" || none.Filter == nil || none.Filter.ClearHref != "/list?sort=name" {
		t.Errorf("no match: %q, %+v", none.None, none.Filter)
	}
	beyond := listOf(uitest.Tokens(3), ListQuery{path: "/list", page: 9}, "/tokens", "Tokens", noon)
	if beyond.Pages == nil || beyond.Pages.PrevHref == "" || beyond.Pages.NextHref != "" {
		t.Errorf("a page too far: %+v", beyond.Pages)
	}
}

func TestColumns_SortBothWaysAndKeepTheFilter(t *testing.T) {
	q := ListQuery{path: "/list", find: "ci", sort: "name", page: 4}
	got := q.Columns([2]string{"Name", "name"}, [2]string{"Created", "created"}, [2]string{"State", ""})
	want := []component.Column{
		{Label: "Name", SortHref: "/list?q=ci&sort=-name", Sorted: "ascending"},
		{Label: "Created", SortHref: "/list?q=ci&sort=created"},
		{Label: "State"},
		{Label: "Actions", LabelHidden: true, End: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := (ListQuery{path: "/list"}).column("Created", "created"); got.Sorted != "descending" {
		t.Errorf("newest first is the usual order: %+v", got)
	}
}

func TestDeleteDialog_NamesTheTokenAndItsLastUse(t *testing.T) {
	used := DeleteDialog(token.Token{ID: "t1", Name: "ci-probe", LastUsedAt: noon.Add(-3 * time.Hour)}, "/tokens", "/list", noon)
	if used.Title != "Delete token ci-probe?" || used.Details[0] != "Last used 3 hours ago (21 Nov 2026, 09:00 UTC)." ||
		used.Action != "/tokens/t1/delete" || used.CancelHref != "/list" {
		t.Errorf("%+v", used)
	}
	if fresh := DeleteDialog(token.Token{Name: "x"}, "/tokens", "/list", noon); fresh.Details[0] != "Never used." {
		t.Errorf("%+v", fresh)
	}
}

func TestExpiryField_NamesTheExactEndOfEachChoice(t *testing.T) {
	m := expiryField(newForm(token.Lifetime{}), nil, token.Lifetime{}, noon)
	ends := map[string]string{}
	for _, o := range m.Select.Options {
		ends[o.Label] = o.Until
		if o.Selected != (o.Value == "30d") {
			t.Errorf("%s: selected %v", o.Label, o.Selected)
		}
	}
	if ends["7 days"] != "Expires 28 November 2026, 12:00 UTC." || ends["No expiration"] != "Never expires." || len(ends) != 7 {
		t.Errorf("ends %v", ends)
	}
	if m.Preview != "Expires 21 December 2026, 12:00 UTC." || m.Date.Min != "2026-11-21" {
		t.Errorf("preview %q, from %q", m.Preview, m.Date.Min)
	}
	dated := expiryField(tokenForm{expiration: onDate, date: "2027-01-31"}, nil, token.Lifetime{}, noon)
	if dated.Preview != "Expires at the end of 31 January 2027 (UTC)." {
		t.Errorf("preview %q", dated.Preview)
	}
	wrong := expiryField(tokenForm{expiration: onDate, date: "soon"}, kit.FieldErrors{"date": "no"}, token.Lifetime{}, noon)
	if wrong.Preview != "" || wrong.Date.Error != "no" || wrong.Date.Value != "soon" {
		t.Errorf("%+v", wrong)
	}
}

func TestTokenForm_KeepsWhatWasTypedButTheKey(t *testing.T) {
	f := parseForm(uitest.Form("name", "x", "workspace", "w", "scope", "s", "expiration", "e", "date", "d", "submission", "k"))
	again := f.again()
	if again.submission == "k" || again.submission == "" {
		t.Errorf("key %q", again.submission)
	}
	again.submission = "k"
	if diff := cmp.Diff(f, again, cmp.AllowUnexported(tokenForm{})); diff != "" {
		t.Error(diff)
	}
	if one, other := newForm(token.Lifetime{}), newForm(token.Lifetime{}); one.submission == other.submission {
		t.Error("two forms have one key")
	}
	if long := nameField(tokenForm{name: strings.Repeat("x", 1<<20) + "\xff"}, nil, ""); len(long.Value) > 1000 {
		t.Errorf("%d bytes of a name are repeated", len(long.Value))
	}
}

func TestMayBlocks_SayWhatTheDecisionWillBe(t *testing.T) {
	resources := map[string][]policy.Resource{"w1": {}, "w2": uitest.Resources()}
	got := mayBlocks(access.BuiltIn(), uitest.Member(), (token.Rules{}).Scopes(), resources)
	want := []page.MayBlock{
		{Workspaces: "w1", Title: "Production", Lines: []page.MayLine{
			{Scope: "read_only", Label: "Read-Only", Text: "view resources (none yet)."},
			{Scope: "read_write", Label: "Read-Write", Text: "view resources (none yet)."}}},
		{Workspaces: "w2", Title: "Staging", Lines: []page.MayLine{
			{Scope: "read_only", Label: "Read-Only", Text: "view 6 resources; see live events of Event Stream Sources."},
			{Scope: "read_write", Label: "Read-Write", Text: "view 6 resources; edit Event Stream Sources; " +
				"edit 1 of 3 Destinations (Ads); see live events of Event Stream Sources."}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMayBlocks_ManyWorkspacesWithTheSameAnswerShareABlock(t *testing.T) {
	v := uitest.Member()
	v.Principal.Role, v.Workspaces = access.RoleAdmin, nil
	for i := range 50 {
		v.Workspaces = append(v.Workspaces, account.Workspace{ID: fmt.Sprint("w", i), Name: fmt.Sprint("Workspace ", i)})
	}
	got := mayBlocks(access.BuiltIn(), v, (token.Rules{}).Scopes(), nil)
	if len(got) != 1 || len(strings.Fields(got[0].Workspaces)) != 50 || !strings.Contains(got[0].Lines[1].Text, "edit everything") {
		t.Errorf("%+v", got)
	}
}

func TestPersonalTokens_PointProductionToServiceTokens(t *testing.T) {
	v := uitest.Member()
	member := Section(v, token.Listed{}, ListQuery{path: "/list", page: 1}, "/list", false, personalLimits().Applied)
	if member.Purpose.Links != nil || !strings.Contains(member.Purpose.Text, "Ask an Admin of Acme") {
		t.Errorf("a member reads %+v", member.Purpose)
	}
	admin := Section(v, token.Listed{}, ListQuery{path: "/list", page: 1}, "/list", true, personalLimits().Applied)
	if len(admin.Purpose.Links) != 1 || admin.Purpose.Links[0].Href != kit.ServiceTokenPath+"/workspace" {
		t.Errorf("an Admin reads %+v", admin.Purpose)
	}
	if admin.List.Empty == nil || admin.List.Empty.Action == nil || admin.Card.Action != nil {
		t.Error("an empty list offers the one next step, in its place")
	}
}

func TestPersonalTokens_ExplainWhyNoneCanBeMade(t *testing.T) {
	free, nowhere := uitest.Member(), uitest.Member()
	free.Organization.Plan = access.PlanFree
	nowhere.Workspaces = nil
	for name, v := range map[string]kit.Visit{"the plan": free, "no workspace": nowhere} {
		for _, tokens := range [][]token.Token{nil, uitest.Tokens(2)} {
			m := Section(v, ListQuery{path: "/list", page: 1}.Listing(noon).Of(tokens), ListQuery{path: "/list", page: 1}, "/list",
				false, personalLimits().Applied)
			if m.Refusal == nil || m.Card.Action != nil || m.List.Empty != nil && m.List.Empty.Action != nil {
				t.Errorf("%s: refusal %+v, action %+v", name, m.Refusal, m.Card.Action)
			}
			if len(m.List.Rows) != len(tokens) {
				t.Errorf("%s: %d tokens are listed", name, len(m.List.Rows))
			}
		}
	}
	if m := Section(free, token.Listed{}, ListQuery{page: 1}, "/list", false,
		personalLimits().Applied); !strings.Contains(m.Refusal.Text, access.UpgradeText) {
		t.Errorf("refusal %q", m.Refusal.Text)
	}
}

func TestPersonalTokenDialog_OffersWhatCanBeChosen(t *testing.T) {
	v := uitest.Member()
	m := personalDialog(v, newPersonalForm(v, personalLimits()), nil, personalLimits(), nil)
	var scopes, workspaces []string
	for _, o := range m.Scope.Options {
		scopes = append(scopes, o.Label)
	}
	for _, o := range m.Workspace.Options {
		workspaces = append(workspaces, o.Label)
	}
	if diff := cmp.Diff([]string{"Read-Only", "Read-Write"}, scopes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Choose a workspace", "Production", "Staging"}, workspaces); diff != "" {
		t.Error(diff)
	}
	v.Workspaces = v.Workspaces[:1]
	if m = personalDialog(v, newPersonalForm(v, personalLimits()), nil, personalLimits(), nil); len(m.Workspace.Options) != 1 ||
		!m.Workspace.Options[0].Selected {
		t.Errorf("the only workspace: %+v", m.Workspace.Options)
	}
	wrong := personalDialog(v, tokenForm{name: "x"}, kit.FieldErrors{"name": "N", "date": "D", "submission": "S"}, personalLimits(), nil)
	want := []component.FieldError{{FieldID: "token-name", Text: "N"}, {FieldID: "token-date", Text: "D"}, {Text: "S"}}
	if diff := cmp.Diff(want, wrong.Errors.Errors); diff != "" {
		t.Error(diff)
	}
	if wrong.Name.Value != "x" || wrong.Name.Error != "N" || wrong.Name.Autofocus {
		t.Errorf("%+v", wrong.Name)
	}
}

func TestServiceTokens_EachTabSaysWhatItIsFor(t *testing.T) {
	for _, kind := range []token.Kind{token.Organization, token.Workspace} {
		empty := serviceTokensView(uitest.Member(), token.Listed{}, kind, ListQuery{path: "/list", page: 1})
		if empty.List.Empty == nil || empty.List.Empty.Action.Href != kit.ServiceTokenPath+"/"+string(kind)+"/new" {
			t.Errorf("%s: %+v", kind, empty.List.Empty)
		}
		full := serviceTokensView(uitest.Member(), token.Listing{}.Of(uitest.Tokens(2)), kind, ListQuery{path: "/list", page: 1})
		if full.Card.Action == nil || full.List.Rows[0].Href != kit.TokenPage("id000") || !full.List.ShowMaker {
			t.Errorf("%s: %+v", kind, full.List.Rows[0])
		}
	}
	if m := serviceTokensView(uitest.Member(), token.Listed{}, token.Organization,
		ListQuery{page: 1}); !strings.Contains(m.Card.Description, "SCIM") {
		t.Errorf("purpose %q", m.Card.Description)
	}
	free := uitest.Member()
	free.Organization.Plan = access.PlanFree
	if m := serviceTokensView(free, token.Listed{}, token.Workspace, ListQuery{page: 1}); m.Refusal == nil || m.List.Empty.Action != nil {
		t.Error("the Free plan offers a token")
	}
}

func TestWithRotate_OffersItUntilATokenExpiredTooLongAgo(t *testing.T) {
	tokens := []token.Token{{ID: "lives"}, {ID: "ended", ExpiresAt: noon.Add(-token.RotatableFor + time.Hour)},
		{ID: "long", ExpiresAt: noon.Add(-token.RotatableFor)}}
	m := withRotate(listOf(tokens, ReadListQuery("/list", nil), "/tokens", "Tokens", noon), tokens, noon)
	if m.Rows[0].Rotate == nil || m.Rows[1].Rotate == nil || m.Rows[1].Rotate.Href != "/tokens/ended/rotate" || m.Rows[2].Rotate != nil {
		t.Errorf("%+v", m.Rows)
	}
}

// Every problem in the summary of a dialog leads to the field that has it.
func TestDialogs_ProblemsLeadToTheirFields(t *testing.T) {
	tok, secrets := token.Token{ID: "one"}, []token.SecretState{{MadeAt: noon}}
	wrong := func(path string) kit.FieldErrors { return kit.FieldErrors{path: "Wrong."} }
	for path, m := range map[string]component.FormDialogModel{
		fieldOverlap:          rotateDialog(tok, secrets, rotateForm{}, wrong(fieldOverlap), personalLimits(), noon),
		fieldHours:            rotateDialog(tok, secrets, rotateForm{}, wrong(fieldHours), personalLimits(), noon),
		fieldDate:             rotateDialog(tok, secrets, rotateForm{}, wrong(fieldDate), personalLimits(), noon),
		fieldReason:           suspendTokensDialog(nil, nil, wrong(fieldReason), noon),
		fieldExpiration:       shortenTokensDialog(nil, nil, wrong(fieldExpiration), noon),
		fieldDescription:      describeDialog(tok, "", wrong(fieldDescription)),
		fieldAddresses:        addressDialog(kit.Visit{}, tok, "", wrong(fieldAddresses)),
		warning.FieldContacts: contactDialog(tok, "", wrong(warning.FieldContacts)),
	} {
		at := map[string]bool{}
		for _, f := range m.Fields {
			switch {
			case f.Text != nil:
				at[f.Text.ID] = f.Text.Error != ""
			case f.Area != nil:
				at[f.Area.ID] = f.Area.Error != ""
			case f.Select != nil:
				at[f.Select.ID] = f.Select.Error != ""
			case f.Expiry != nil:
				at[f.Expiry.Select.ID], at[f.Expiry.Date.ID] = f.Expiry.Select.Error != "", f.Expiry.Date.Error != ""
			}
		}
		if len(m.Errors.Errors) != 1 || !at[m.Errors.Errors[0].FieldID] {
			t.Errorf("%s: %+v, fields %v", path, m.Errors, at)
		}
	}
}

// personalLimits returns what a form may offer without rules.
func personalLimits() limits {
	return limits{token.Applied{Maker: true, Room: true}, token.Personal}
}
