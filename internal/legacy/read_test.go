package legacy_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
)

// export keeps everything that is read.
type export struct {
	Org        legacy.Organization
	Workspaces []legacy.Workspace
	Resources  []legacy.Resource
	Members    []legacy.Member
	Groups     []legacy.Group
	Personal   []legacy.PersonalToken
	Service    []legacy.ServiceToken
	fail       error
}

func (e *export) Organization(o legacy.Organization) error { e.Org = o; return nil }

func (e *export) Workspace(w legacy.Workspace) error {
	e.Workspaces = append(e.Workspaces, w)
	return e.fail
}

func (e *export) Resource(x legacy.Resource) error { e.Resources = append(e.Resources, x); return nil }

func (e *export) Member(m legacy.Member) error { e.Members = append(e.Members, m); return nil }

func (e *export) Group(g legacy.Group) error { e.Groups = append(e.Groups, g); return nil }

func (e *export) PersonalToken(p legacy.PersonalToken) error {
	e.Personal = append(e.Personal, p)
	return nil
}

func (e *export) ServiceToken(s legacy.ServiceToken) error {
	e.Service = append(e.Service, s)
	return nil
}

func acme(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRead_TakesEverythingThatTheExampleSays(t *testing.T) {
	var e export
	summary, err := legacy.Read(strings.NewReader(acme(t)), &e)
	if err != nil {
		t.Fatal(err)
	}
	want := legacy.Summary{Counts: legacy.Counts{Workspaces: 2, Resources: 5, Locks: 3, Private: 2, Members: 4, Admins: 1,
		Groups: 2, PersonalTokens: 3, ServiceTokens: 2}}
	if diff := cmp.Diff(want, summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(legacy.Member{ID: "m-ed", Email: "ed@acme.example", Name: "Ed", Active: true, Grants: []legacy.Grant{
		{Workspace: "ws-prod", Role: legacy.ConnectionsEditor, EditAccess: true}, {Workspace: "ws-stage",
			Role: legacy.ConnectionsEditor}}}, e.Members[2]); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}
	if got := e.Members[3]; got.Name != "vic" || got.Active {
		t.Errorf("the nameless, deactivated member is %+v", got)
	}
	if diff := cmp.Diff(legacy.Group{ID: "g-data", Name: "Data team", Description: "Pipelines and warehouse",
		Members: []string{"m-cora", "m-ed"}, Workspaces: []string{"ws-prod"}}, e.Groups[0]); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(legacy.PersonalToken{ID: "pat-ed", Name: "deploy", Owner: "m-ed", Workspace: "ws-prod", Scope: access.ScopeReadWrite,
		Secret: legacy.Secret{Digest: sha256.Sum256([]byte("old style secret, of ed")), Hint: "…f ed",
			CreatedAt: time.Date(2024, 4, 5, 6, 7, 8, 123e6, time.UTC), ExpiresAt: time.Date(2030, 1, 1, 0, 0, 0, 0,
				time.UTC)}}, e.Personal[1]); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if e.Personal[2].Secret.Digest != sha256.Sum256([]byte("test")) || e.Personal[2].Secret.Hint != "…" {
		t.Errorf("the token that came as a digest is %+v", e.Personal[2].Secret)
	}
	if diff := cmp.Diff(legacy.Resource{ID: "dst-pg", Workspace: "ws-prod", Type: "destination", Name: "Warehouse", Definition: "POSTGRES",
		Lock: &legacy.Subjects{Members: []string{"m-cora"}, Tokens: []string{"sat-etl"}}}, e.Resources[2]); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	if got := e.Service[1]; got.Grant != (legacy.Grant{}) {
		t.Errorf("the organization's token has the grant %+v", got.Grant)
	}
}

func TestRead_NeverHandsOutASecretInClear(t *testing.T) {
	var e export
	if _, err := legacy.Read(strings.NewReader(acme(t)), &e); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", e); strings.Contains(text, "legacy-service-secret") || strings.Contains(text, "admin-token-of") {
		t.Error("what was read contains a secret")
	}
}

// replaced is the example with one text in place of another, which must be there.
func replaced(t *testing.T, old, with string) string {
	t.Helper()
	text := acme(t)
	if !strings.Contains(text, old) {
		t.Fatalf("the example does not contain %q", old)
	}
	return strings.Replace(text, old, with, 1)
}

func TestRead_NamesEveryMistakeByItsPath(t *testing.T) {
	for _, tt := range []struct{ name, old, with, path, says string }{
		{"another format", `latchkey-legacy-export`, `something`, "format", "must be"},
		{"another version", `"version": 1`, `"version": 2`, "version", "version 1"},
		{"no organization", `"organization"`, `"organisation"`, "organization", "required"},
		{"workspace without a name", `"name": "Staging", `, ``, "workspaces[1].name", "required"},
		{"unknown environment", `DEVELOPMENT`, `TEST`, "workspaces[1].environment", "not one of"},
		{"workspace id twice", `"id": "ws-stage"`, `"id": "ws-prod"`, "workspaces[1].id", "repeated"},
		{"privacy list of numbers", `"members": ["m-ed"], "tokens": ["sat-etl"]}},`, `"members": [7]}},`,
			"workspaces[0].data_privacy.members[0]", "ID"},
		{"unknown type", `"type": "destination"`, `"type": "sink"`, "resources[2].type", "not one of"},
		{"resource of no workspace", `"id": "src-web", "workspace": "ws-prod"`, `"id": "src-web", "workspace": "ws-x"`,
			"resources[0].workspace", "no workspace"},
		{"lock that is no object", `{"members": ["m-ed"]}}`, `true}`, "resources[4].lock", "must be an object"},
		{"bad id", `"id": "m-cora"`, `"id": "m cora"`, "members[1].id", "64 characters"},
		{"unknown org role", `"org_role": "admin"`, `"org_role": "owner"`, "members[0].org_role", "not one of"},
		{"bad address", `cora@acme.example`, `cora at acme`, "members[1].email", "email"},
		{"address twice", `cora@acme.example`, `OLGA@acme.example`, "members[1].email", "members[0]"},
		{"unknown role", `"role": "connections_admin"`, `"role": "boss"`, "members[1].workspaces[0].role", "not one of"},
		{"no role", `"role": "connections_viewer"`, `"rolle": "connections_viewer"`, "members[3].workspaces[0].role", "required"},
		{"two roles in one workspace", `{"workspace": "ws-stage", "role": "connections_editor"}`,
			`{"workspace": "ws-prod", "role": "connections_editor"}`, "members[2].workspaces[1].workspace", "repeated"},
		{"edit access that is a text", `"grant_edit_access": true`, `"grant_edit_access": "yes"`,
			"members[2].workspaces[0].grant_edit_access", "true or false"},
		{"group without a name", `"name": "Data team"`, `"nam": "Data team"`, "groups[0].name", "required"},
		{"group id twice", `"id": "g-all"`, `"id": "g-data"`, "groups[1].id", "repeated"},
		{"group of no workspace", `"workspaces": ["ws-prod"]`, `"workspaces": [7, "ws-x"]`, "groups[0].workspaces[1]", "no workspace"},
		{"group in a workspace twice", `"workspaces": ["ws-prod"]`, `"workspaces": ["ws-prod", "ws-prod"]`,
			"groups[0].workspaces[1]", "repeated"},
		{"secret that is not UTF-8", `old style secret`, "old \xff style secret", "personal_tokens[1].secret", "SHA-256"},
		{"owner that does not exist", `"owner": "m-olga"`, `"owner": "m-nobody"`, "personal_tokens[0].owner", "no member"},
		{"unknown scope", `"scope": "admin"`, `"scope": "root"`, "personal_tokens[0].scope", "not one of"},
		{"no creation", `"created_at": "2024-05-05T00:00:00Z",`, ``, "personal_tokens[2].created_at", "required"},
		{"bad time", `2023-04-05T06:07:08Z`, `yesterday`, "personal_tokens[0].created_at", "time"},
		{"short digest", `9f86d081884c7d65`, `9f86`, "personal_tokens[2].sha256", "64"},
		{"no secret", `, "secret": "legacy-service-secret-0001"`, ``, "service_tokens[0]", "needs"},
		{"secret and digest", `"sha256":`, `"secret": "another one, of vic", "sha256":`, "personal_tokens[2].secret", "not both"},
		{"empty secret", `"old style secret, of ed"`, `""`, "personal_tokens[1].secret", "4096"},
		{"same secret twice", `legacy-service-secret-0002`, `legacy-service-secret-0001`, "service_tokens[1]", "service_tokens[0]"},
		{"token id twice", `"id": "pat-vic"`, `"id": "pat-ed"`, "personal_tokens[2].id", "Another"},
		{"organization token with a role", `"level": "organization"`, `"level": "organization", "role": "read_only"`,
			"service_tokens[1].role", "must not"},
		{"member twice in one object", `"id": "m-cora",`, `"id": "m-cora", "id": "m-cora",`, "members[1].id", "repeated"},
		{"list that is an object", `"service_tokens": [`, `"service_tokens": {"a": [`, "service_tokens", "list"},
		{"sections out of order", `"personal_tokens": [`, `"resources": [`, "resources", "order"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := legacy.Read(strings.NewReader(replaced(t, tt.old, tt.with)), &export{})
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("error %v, want Invalid", err)
			}
			for _, field := range f.Fields {
				if field.Path == tt.path && strings.Contains(field.Message, tt.says) {
					return
				}
			}
			t.Errorf("problems %+v; want %s: …%s…", f.Fields, tt.path, tt.says)
		})
	}
}

func TestRead_WarnsOfWhatItDoesNotKnow(t *testing.T) {
	for _, tt := range []struct{ old, with, path string }{
		{`"version": 1`, `"version": 1, "comment": {"a": [1, 2]}`, "comment"},
		{`"name": "Cora"`, `"name": "Cora", "nickname": "C"`, "members[1].nickname"},
		{`"role": "connections_admin"`, `"role": "connections_admin", "since": 3`, "members[1].workspaces[0].since"},
		{`"members": ["m-cora"]`, `"members": ["m-cora", "m-gone"]`, "resources[2].lock.members[1]"},
		{`["m-cora", "m-ed"]`, `["m-cora", "m-gone"]`, "groups[0].members[1]"},
		{`["m-cora", "m-ed"]`, `["m-cora", "m-cora"]`, "groups[0].members[1]"},
		{`Pipelines and`, strings.Repeat("P", 500), "groups[0].description"},
		{`"tokens": ["sat-etl"]}}`, `"tokens": ["sat-gone"]}}`, "workspaces[0].data_privacy.tokens[0]"},
		{`"tokens": ["sat-etl"]}}`, `"tokens": ["pat-ed"]}}`, "workspaces[0].data_privacy.tokens[0]"},
		{`"workspace": "ws-stage", "scope": "read_only"`, `"workspace": "ws-prod", "scope": "read_only"`, "personal_tokens[2].workspace"},
		{`"scope": "read_write"`, `"scope": "admin"`, "personal_tokens[1].scope"},
		{`old style secret, of ed`, `short`, "personal_tokens[1].secret"},
		{`"name": "Olga"`, `"name": "` + strings.Repeat("O", 65) + `"`, "members[0].name"},
		{`"name": "Olga"`, `"name": "Ol\u202ega"`, "members[0].name"},
		{`"role": "connections_viewer"`, `"role": "read_only", "grant_edit_access": true`, "members[3].workspaces[0].grant_edit_access"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			summary, err := legacy.Read(strings.NewReader(replaced(t, tt.old, tt.with)), &export{})
			if err != nil {
				t.Fatal(err)
			}
			if len(summary.Warnings) != 1 || summary.Warnings[0].Path != tt.path {
				t.Errorf("warnings %+v; want one for %s", summary.Warnings, tt.path)
			}
		})
	}
}

func TestRead_RefusesWhatIsNoWholeJSON(t *testing.T) {
	whole := acme(t)
	for _, text := range []string{"", "[]", "null", `"x"`, "{", whole[:len(whole)/2], whole + "x", strings.Replace(whole, "[", "[,", 1),
		strings.Replace(whole, `"name": "Web"`, `"name": "Web", "deep": `+strings.Repeat("[", 5000)+strings.Repeat("]", 5000), 1), "\xff\xfe"} {
		if _, err := legacy.Read(strings.NewReader(text), &export{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q: error %v, want Invalid", text, err)
		}
	}
}

func TestRead_TakesAByteOrderMark(t *testing.T) {
	if _, err := legacy.Read(strings.NewReader("\uFEFF"+acme(t)), &export{}); err != nil {
		t.Error(err)
	}
}

// endless writes head and then body again and again, more than any memory holds.
type endless struct {
	head, body string
	given      int64
}

func (e *endless) Read(p []byte) (int, error) {
	text := e.body
	if e.head != "" {
		text = e.head
	}
	n := copy(p, text)
	if e.head != "" {
		e.head = e.head[n:]
	}
	e.given += int64(n)
	return n, nil
}

func TestRead_EndsWithWhatWouldFillTheMemory(t *testing.T) {
	const head = `{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},`
	for name, source := range map[string]*endless{
		"an endless name":            {head: head + `"workspaces":[{"id":"`, body: strings.Repeat("x", 4096)},
		"an endless number":          {head: head + `"workspaces":[{"id":`, body: strings.Repeat("7", 4096)},
		"endless space":              {head: head, body: strings.Repeat(" ", 4096)},
		"an endless list of ids":     {head: head + `"workspaces":[{"data_privacy":{"members":["a"`, body: strings.Repeat(`,"a"`, 1024)},
		"endless depth":              {head: head + `"workspaces":[`, body: strings.Repeat("[", 4096)},
		"endless depth, not known":   {head: head + `"comment":`, body: strings.Repeat("[", 4096)},
		"endless objects":            {head: head + `"workspaces":[`, body: strings.Repeat(`{"a":`, 1024)},
		"an endless text, not known": {head: head + `"comment":"`, body: strings.Repeat("x", 4096)},
		"an endless key":             {head: head + `"`, body: strings.Repeat("x", 4096)},
		"an endless list of nothing": {head: head + `"workspaces":[{}`, body: strings.Repeat(`,{}`, 1024)},
	} {
		if _, err := legacy.Read(source, &export{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: error %v, want Invalid", name, err)
		}
		if source.given > 4<<20 {
			t.Errorf("%s: %d MB were read", name, source.given>>20)
		}
	}
}

func TestRead_PassesOnWhatSinkAndSourceFailWith(t *testing.T) {
	boom := errors.New("boom")
	if _, err := legacy.Read(strings.NewReader(acme(t)), &export{fail: boom}); !errors.Is(err, boom) {
		t.Errorf("error %v, want that of the sink", err)
	}
	broken := io.MultiReader(strings.NewReader(acme(t)[:500]), failing{boom})
	if _, err := legacy.Read(broken, &export{}); !errors.Is(err, boom) {
		t.Errorf("error %v, want that of the source", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestRead_EndsWithTheHundredthProblem(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},"workspaces":[`)
	for range 500 {
		b.WriteString(`{},`)
	}
	b.WriteString(`{}]}`)
	_, err := legacy.Read(&b, &export{})
	if f := fault.Of(err); f == nil || len(f.Fields) != 100 {
		t.Errorf("%d problems were told, want 100", len(f.Fields))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(acme(f))
	f.Add(`{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},"workspaces":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var e export
		if _, err := legacy.Read(strings.NewReader(text), &e); err == nil && e.Org.ID == "" {
			t.Error("a file without an organization was accepted")
		}
	})
}

func TestRead_RefusesAnAddressThatPosesAsAnother(t *testing.T) {
	// plaintext.TestEmail has the whole rule.
	for address, good := range map[string]bool{
		"\u212Aate@acme.example":  false, // Kelvin sign
		"kate@ac\u0130me.example": false, // İ
		"KATE@acme.example":       true,
		"JOS\u00C9@acme.example":  true,
		"ka\u017Fe@acme.example":  true, // ſ, whose lower case is itself
		"kate\u200b@acme.example": false,
	} {
		var e export
		_, err := legacy.Read(strings.NewReader(replaced(t, "vic@acme.example", address)), &e)
		if good {
			if err != nil || e.Members[3].Email != strings.ToLower(address) {
				t.Errorf("%q: %v", address, err)
			}
			continue
		}
		f := fault.Of(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "members[3].email" {
			t.Errorf("%q is taken for another mailbox: %v", address, err)
		}
	}
}
