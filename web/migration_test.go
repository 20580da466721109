package web_test

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/migration"
	"latchkey/internal/store"
)

const migrationRoot = "/settings/access-management/migration"

// upload sends an export as the form of the tab does.
func (b *browser) upload(text string) answer {
	b.t.Helper()
	kind, body := uploadForm(b.t, text)
	r, err := http.NewRequest(http.MethodPost, b.site.URL+migrationRoot+"/upload", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// uploadForm is the form that sends a file.
func uploadForm(t testing.TB, text string) (kind, body string) {
	t.Helper()
	var form strings.Builder
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "export.json")
	if err == nil {
		_, err = part.Write([]byte(text))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), form.String()
}

// legacyExport is the example with its workspaces renamed, so that they are new here.
func legacyExport(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../internal/legacy/testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`"name": "Production"`, `"name": "Old production"`, `"name": "Staging"`,
		`"name": "Old staging"`).Replace(string(text))
}

func (a answer) has(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("status %d, without %q", a.status, text)
		}
	}
}

// seeOther checks that the answer leads somewhere.
func (a answer) seeOther(t testing.TB, to string) {
	t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != to {
		t.Fatalf("status %d to %q, want 303 to %q\n%.500s", a.status, a.header.Get("Location"), to, a.body)
	}
}

// stage makes the preview. However busy the machine is, it is made afterwards.
func (b *browser) stage(strategy string) {
	b.t.Helper()
	made := b.post(migrationRoot+"/import", url.Values{"strategy": {strategy}})
	if made.header.Get("Location") == migrationRoot { // it takes longer than the answer waits
		b.idle()
		made = b.get(migrationRoot + "?after=stage")
	}
	made.seeOther(b.t, migrationRoot+"/staged/members")
}

// deploy deploys the migration and waits, as stage does.
func (b *browser) deploy(name string) {
	b.t.Helper()
	b.post(migrationRoot+"/deploy", url.Values{"name": {name}}).seeOther(b.t, migrationRoot)
	b.idle()
}

// itemNamed is the address of a staged item in a list.
func itemNamed(t testing.TB, list answer, name string) string {
	t.Helper()
	found := regexp.MustCompile(`href="(` + migrationRoot + `/items/\d+)"><bdi>` + regexp.QuoteMeta(name) +
		`</bdi></a>`).FindStringSubmatch(list.body)
	if found == nil {
		t.Fatalf("%s is not in the list\n%.2000s", name, list.body)
	}
	return found[1]
}

func TestMigration_FromUploadToReport(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	b.get(migrationRoot).has(t, "Export file", `enctype="multipart/form-data"`)
	// More than an ordinary form may hold.
	b.upload(strings.Replace(legacyExport(t), `"version": 1,`, `"version": 1, "comment": [`+strings.Repeat(`"more", `,
		300_000)+`"and more"],`, 1)).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "1 warning about the file", "3 members get policies that mirror the role", "3 members can only view",
		"2 service access tokens keep their permissions")
	b.stage("with-policies")
	list := b.get(migrationRoot + "/staged/members")
	list.has(t, "Preview Mode", "<strong><bdi>Old production</bdi>:</strong> Connections Editor with edit access",
		"<strong><bdi>Old production</bdi>:</strong> Edit 14 of 14 types (1 in part), connect everything", "Organization Admin", "Deploy")
	ed := itemNamed(t, list, "Ed")
	b.get(ed).has(t, "Preview Mode", "Before and after", "ed@acme.example")
	b.get(ed+"/policies/ws-prod").has(t, "not live until", "Edit Event Stream Sources")
	form := url.Values{"step": {"save"}, "grant": {"source:edit"}, "reach.source:edit": {"selected"}, "only.source:edit": {"src-app"}}
	b.post(ed+"/policies/ws-prod/summary", form).has(t, "Edit 1 of 2 Event Stream Sources")
	b.post(ed+"/policies/ws-prod", form).seeOther(t, ed)
	b.get(ed).has(t, "Edited")
	if got := b.get(migrationRoot + "/staged/members?q=cora"); strings.Contains(got.body, ">Ed</bdi></a>") ||
		!strings.Contains(got.body, ">Cora</bdi></a>") {
		t.Error("the search does not search")
	}
	b.get(migrationRoot+"/staged/members?q=nobody").has(t, "Nothing matches this search.")
	b.get(migrationRoot+"/staged/personal-access-tokens?q=ed@acme").has(t, "Read-Write, of ed@acme.example")
	b.get(migrationRoot+"/preview/report.txt").has(t, "Not deployed: none of this is live.", "comment: This field is unknown",
		"Edited before deploying")
	b.get(migrationRoot+"/preview/report.json").has(t, `"strategy":"with-policies"`, `"groups":[{"id":"g-data"`)
	if got := b.get(migrationRoot + "/preview/nonsense"); got.status != http.StatusNotFound {
		t.Errorf("a report of another kind: %d", got.status)
	}
	b.get(migrationRoot+"/deploy").has(t, "Deploy the migration?", "Members: 4 new.")
	if got := b.post(migrationRoot+"/deploy", url.Values{"name": {"nonsense"}}); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Type Acme.") {
		t.Errorf("deployed with a wrong name: %d", got.status)
	}
	b.deploy("Acme")
	done := b.get(migrationRoot)
	done.has(t, "Migrated", "Download the report", "export.json")
	report := regexp.MustCompile(migrationRoot + `/deployed/[^"]+/report\.txt`).FindString(done.body)
	text := b.get(report)
	text.has(t, "Edited before deploying", "SHA-256")
	if got := text.header.Get("Content-Disposition"); !strings.Contains(got, "attachment") {
		t.Errorf("the report is %q", got)
	}
	b.get(strings.Replace(report, ".txt", ".json", 1)).has(t, `"strategy":"with-policies"`)
	for _, secret := range []string{"admin-token-of-olga", "old style secret", "legacy-service-secret"} {
		if strings.Contains(text.body+done.body+list.body+s.logs.String(), secret) {
			t.Errorf("%q is shown or logged", secret)
		}
	}
}

func TestMigration_NamesTheMistakesOfAFile(t *testing.T) {
	b := newSite(t).signedIn(t, adminEmail)
	got := b.upload(strings.Replace(legacyExport(t), "connections_admin", "boss", 1))
	if got.status != http.StatusBadRequest {
		t.Errorf("status %d", got.status)
	}
	got.has(t, "The file has mistakes", "members[1].workspaces[0].role", "Export file")
	if got := b.post(migrationRoot+"/upload", url.Values{}); got.status != http.StatusBadRequest {
		t.Errorf("a form without a file: %d", got.status)
	}
	b.get(migrationRoot).has(t, "Export file")
}

func TestMigration_ResetAndConflicts(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	clashing := strings.Replace(legacyExport(t), "vic@acme.example", viewerEmail, 1)
	clashing = strings.Replace(clashing, "Old production", "Production", 1)
	b.upload(clashing).seeOther(t, migrationRoot)
	b.stage("fresh")
	b.get(migrationRoot+"/reset").has(t, "Reset the staging area?")
	b.post(migrationRoot+"/reset", nil).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "Export file")

	b.upload(clashing).seeOther(t, migrationRoot)
	b.stage("with-policies")
	list := b.get(migrationRoot + "/staged/members?only=open")
	list.has(t, "2 conflicts to resolve", "Apply to all", "A member with this address exists")
	if got := b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}); got.status != http.StatusConflict {
		t.Errorf("deployed with open conflicts: %d", got.status)
	} else {
		got.has(t, "Resolve the conflicts first")
	}
	vic := itemNamed(t, list, "viewer")
	b.get(vic).has(t, "How to handle it", "Current role", "Current access in Production", "Edit policy")
	if got := b.post(vic+"/choice", url.Values{"choice": {"nonsense"}}); got.status != http.StatusBadRequest ||
		!got.hasError("form-choice", "Choose one of the options.") {
		t.Errorf("a choice that is none: %d", got.status)
	}
	b.post(vic+"/choice", url.Values{"choice": {"keep"}}).seeOther(t, migrationRoot+"/staged/members")
	if got := b.get(vic); !strings.Contains(got.body, "Unchanged") || strings.Contains(got.body, "Edit policy") {
		t.Error("the page of one who stays as they are does not say so, or offers a policy that means nothing")
	}
	b.post(migrationRoot+"/conflicts", url.Values{"conflict": {"name"}, "choice": {"use"}}).seeOther(t, migrationRoot+"/staged/workspaces")
	b.deploy("Acme")
}

// holdWriter keeps every change waiting until the result is called.
func (s *site) holdWriter() (release func()) {
	held, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.app.Store.InTx(context.Background(), actor.System(""), func(*store.Tx) error { close(held); <-end; return errors.New("nothing") })
	}()
	<-held
	return func() { close(end); <-done }
}

// idle waits until no step is under way.
func (b *browser) idle() {
	b.t.Helper()
	for until := time.Now().Add(20 * time.Second); b.get(migrationRoot+"/progress").status != http.StatusNoContent; {
		time.Sleep(10 * time.Millisecond)
		if time.Now().After(until) {
			b.t.Fatal("the step does not end")
		}
	}
}

func TestMigration_WhatTakesLongIsShownUntilItIsDone(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	b.upload(legacyExport(t)).seeOther(t, migrationRoot)
	if got := b.get(migrationRoot + "/progress"); got.status != http.StatusNoContent {
		t.Errorf("progress of nothing: %d", got.status)
	}
	release := s.holdWriter()
	b.post(migrationRoot+"/import", url.Values{"strategy": {"with-policies"}}).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "Preparing the preview", `data-poll="`+migrationRoot+`/progress"`, "Check again")
	if got := b.get(migrationRoot + "/progress"); got.status != http.StatusOK || !strings.Contains(got.body, "<progress") ||
		strings.Contains(got.body, "<main") {
		t.Errorf("progress: %d\n%s", got.status, got.body)
	}
	release()
	b.idle()
	b.get(migrationRoot+"?after=stage").seeOther(t, migrationRoot+"/staged/members")
	b.get(migrationRoot+"/staged/members").has(t, "The import is staged.")

	release = s.holdWriter()
	b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "Deploying the migration")
	b.get(migrationRoot+"/staged/members").seeOther(t, migrationRoot)
	b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}})
	release()
	b.idle()
	b.get(migrationRoot+"?after=deploy").seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "The migration is deployed.", "Migrated")
	if done := b.get(migrationRoot); strings.Count(done.body, "export.json") != 2+2 { // notice, row and two buttons
		t.Errorf("it was deployed twice\n%s", done.body)
	}
}

func TestMigration_SaysWhenWhatWasWaitedForDidNotEnd(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	b.upload(legacyExport(t)).seeOther(t, migrationRoot)
	b.get(migrationRoot+"?after=stage").has(t, "The preview was not made", "How to import")
	b.stage("fresh")
	b.get(migrationRoot+"?after=deploy").seeOther(t, migrationRoot+"/staged/members?after=deploy")
	b.get(migrationRoot+"/staged/members?after=deploy").has(t, "The migration was not deployed", "the server stopped before it finished",
		`data-kind="warning"`)
	b.post(migrationRoot+"/reset", nil).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "The staging area was reset.")
	b.post(migrationRoot+"/reset", nil).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "The staging area was already empty.")

	// A server that stopped while it read a file leaves what the next one finds.
	ctx := t.Context()
	org, err := s.app.Accounts.Organizations.Sole(ctx)
	if err == nil {
		err = s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
			return tx.InsertMigration(ctx, migration.Migration{ID: "half", Organization: org.ID, State: migration.Reading, FileName: "half.json",
				CreatedAt: tx.Now(), CreatedByName: "Ada"})
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	b.get(migrationRoot).has(t, "Reading half.json was interrupted", "Reset staging area")
	b.post(migrationRoot+"/reset", nil).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "Export file")
}

func TestMigration_GroupsAreConfiguredLikeMembers(t *testing.T) {
	b := newSite(t).signedIn(t, adminEmail)
	b.upload(legacyExport(t)).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "2 groups get empty policies.")
	b.stage("with-policies")
	list := b.get(migrationRoot + "/staged/groups")
	list.has(t, "<strong><bdi>Old production</bdi>:</strong> No rights of its own", "<strong><bdi>Old production</bdi>:</strong> View only",
		"4 members, no rights of its own", "4 members, in no workspace", "Review")
	data := itemNamed(t, list, "Data team")
	b.get(data).has(t, "Cora and Ed", "No rights of its own", "Edit policy")
	form := url.Values{"step": {"save"}, "grant": {"source:edit"}, "reach.source:edit": {"all"}}
	b.post(data+"/policies/ws-prod", form).seeOther(t, data)
	b.get(itemNamed(t, list, "Everybody")).has(t, "would give access to 1 of its members")
	b.get(itemNamed(t, b.get(migrationRoot+"/staged/members"), "Ed")).has(t, "Data team and Everybody")
	b.get(migrationRoot+"/deploy").has(t, "Groups: 2 new.")
	b.deploy("Acme")
	b.get("/settings/access-management/groups").has(t, "Data team", "Everybody")
}

func TestMigration_APageOfAThousandMembersIsSmall(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	var text strings.Builder
	text.WriteString(`{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},` +
		`"workspaces":[{"id":"w","name":"W"}],"members":[`)
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		n := strings.Repeat("m", i%7) + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		text.WriteString(`{"id":"` + n[:min(len(n), 60)] + "-" + string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10)) +
			`","email":"m` +
			string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10)) +
			`@large.example","org_role":"member","workspaces":[{"workspace":"w","role":"connections_editor"}]}`)
	}
	text.WriteString(`]}`)
	b.upload(text.String()).seeOther(t, migrationRoot)
	b.stage("with-policies")
	page := b.get(migrationRoot + "/staged/members")
	page.has(t, "1–25 of 1,000")
	if len(page.body) > 100_000 {
		t.Errorf("the page has %d bytes", len(page.body))
	}
}
