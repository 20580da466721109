package web_test

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/config"
	"latchkey/internal/fault"
	"latchkey/internal/store/pgtest"
)

// uploadFrom sends an export piece by piece, as somebody does whose line is slow.
func (b *browser) uploadFrom() (send func(string), finish func() answer) {
	b.t.Helper()
	from, to := io.Pipe()
	b.t.Cleanup(func() { _ = to.Close() }) // a test that fails half-way must not leave the server reading
	form := multipart.NewWriter(to)
	r, err := http.NewRequest(http.MethodPost, b.site.URL+migrationRoot+"/upload", from)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	got := make(chan answer, 1)
	go func() { got <- b.do(r) }()
	part, err := form.CreateFormFile("file", "slow.json")
	if err != nil {
		b.t.Fatal(err)
	}
	send = func(text string) {
		if _, err := io.WriteString(part, text); err != nil {
			b.t.Error(err)
		}
	}
	return send, func() answer { _, _ = form.Close(), to.Close(); return <-got }
}

// without checks that the page does not say something.
func (a answer) without(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("status %d, with %q", a.status, text)
		}
	}
}

func TestMigration_AnotherNodeSeesThatWorkGoesOn(t *testing.T) {
	cfg := config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: secretKeyFile(t)}
	nodeA, nodeB := newSiteOn(t, cfg), newSiteOn(t, cfg)
	a, b := nodeA.signedIn(t, adminEmail), nodeB.signedIn(t, adminEmail)
	unknowing := []string{"stopped", "interrupted", "did not change", "Reset staging area"}
	isAtWork := func(title, then string) {
		t.Helper()
		page := b.get(migrationRoot + "?after=" + then)
		page.has(t, title, "This step runs on another node of the server", `data-poll="`+migrationRoot+`/progress"`)
		page.without(t, unknowing...)
		if got := b.get(migrationRoot + "/progress"); got.status != http.StatusOK || !strings.Contains(got.body, "<progress") {
			t.Errorf("%s: progress answers %d", title, got.status)
		}
	}

	export := legacyExport(t)
	send, finish := a.uploadFrom()
	send(export[:len(export)/2])
	b.busy()
	isAtWork("Reading the file", "read")
	send(export[len(export)/2:])
	finish().seeOther(t, migrationRoot)

	release := nodeA.holdWriter()
	a.post(migrationRoot+"/import", url.Values{"strategy": {"with-policies"}}).seeOther(t, migrationRoot)
	isAtWork("Preparing the preview", "stage")
	release()
	b.idle()
	b.get(migrationRoot+"?after=stage").seeOther(t, migrationRoot+"/staged/members")

	admin := nodeB.caller(t, adminEmail)
	release = nodeA.holdWriter()
	a.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}).seeOther(t, migrationRoot)
	isAtWork("Deploying the migration", "deploy")
	b.get(migrationRoot+"/staged/members?after=deploy").seeOther(t, migrationRoot)
	if got := b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}); got.status != http.StatusConflict ||
		!strings.Contains(got.body, "Wait until that is done") {
		t.Errorf("a second deployment: %d", got.status)
	}
	if _, err := nodeB.app.Migration.Reset(t.Context(), admin); !fault.Is(err, fault.Conflict) {
		t.Errorf("a reset: %v", err)
	}
	release()
	b.idle()
	done := b.get(migrationRoot + "?after=deploy")
	done.has(t, "Migrated", "slow.json was deployed by")
	done.without(t, "stopped", "did not change")
}

// busy waits until a step is under way.
func (b *browser) busy() {
	b.t.Helper()
	for range 2000 {
		if b.get(migrationRoot+"/progress").status == http.StatusOK {
			return
		}
	}
	b.t.Fatal("nothing begins")
}
