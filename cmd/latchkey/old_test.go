package main_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/demo"
	"latchkey/internal/store/storetest"
)

// reader is an Admin's browser, which follows every link once.
type reader struct {
	*testing.T
	base   string
	client http.Client
	seen   map[string]bool // addresses, without ids and queries
}

func (r *reader) do(req *http.Request) (status int, page string) {
	r.Helper()
	res, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (r *reader) get(path string) (page string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.base+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	status, page := r.do(req)
	if status != http.StatusOK {
		r.Errorf("GET %s answers %d", path, status)
	}
	return page
}

func (r *reader) post(path string, fields url.Values) (status int, page string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.base+path, strings.NewReader(fields.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", r.base)
	return r.do(req)
}

var (
	links       = regexp.MustCompile(` href="(/[^"#]*)`)
	ids         = regexp.MustCompile(`[0-9A-Za-z]{27}`)
	submissions = regexp.MustCompile(`name="submission" value="([^"]*)"`)
	workspaces  = regexp.MustCompile(`<option value="([0-9A-Za-z]{27})"`)
	secret      = regexp.MustCompile(`lkpat_[0-9A-Za-z]{40}`)
)

// follow reads a page and everything that it leads to.
func (r *reader) follow(path string) {
	path = strings.ReplaceAll(path, "&amp;", "&")
	place := ids.ReplaceAllString(strings.SplitN(path, "?", 2)[0], ":id")
	if r.seen[place] || strings.HasPrefix(place, "/static/") {
		return
	}
	r.seen[place] = true
	for _, link := range links.FindAllStringSubmatch(r.get(path), -1) {
		r.follow(link[1])
	}
}

// TestOld_ServesWhatOlderVersionsHaveMade starts a server on each, reads all pages, makes a token
// and verifies the log.
func TestOld_ServesWhatOlderVersionsHaveMade(t *testing.T) {
	storetest.EachOld(t, func(t *testing.T, old storetest.Old) {
		source := []string{"--data", old.Folder}
		args := []string{"serve", "--addr", "127.0.0.1:0", "--data", old.Folder}
		if old.URL != "" {
			key := filepath.Join(old.Folder, "secret.key")
			if _, err := os.Stat(key); err != nil {
				key = newKeyFile(t)
			}
			source = []string{"--database-url", old.URL}
			args = append(args, "--database-url", old.URL, "--secret-key-file", key)
		}
		server := exec.Command(binary, args...)
		var log strings.Builder
		server.Stderr = &log
		base := launch(t, server)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{T: t, base: base, client: http.Client{Jar: jar}, seen: map[string]bool{"/openapi.json": true}}
		r.uses(old)
		stop(t, server)
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("the server's log:\n%s", log.String())
		}
		if code, out, errOut := run(t, append([]string{"audit", "verify"}, source...)...); code != 0 ||
			!strings.Contains(out, "The chain holds") {
			t.Errorf("audit verify: %d %q %q", code, out, errOut)
		}
		if code, out, errOut := run(t, append([]string{"check"}, source...)...); code != 0 {
			t.Errorf("check: %d %q %q", code, out, errOut)
		}
		file := filepath.Join(t.TempDir(), "log.jsonl")
		if code, out, errOut := run(t, append([]string{"audit", "export", file}, source...)...); code != 0 {
			t.Errorf("audit export: %d %q %q", code, out, errOut)
		}
	})
}

// uses signs in and reads what there is.
func (r *reader) uses(old storetest.Old) {
	r.Helper()
	if status, page := r.post("/sign-in", url.Values{"email": {"admin@acme.example"}, "password": {demo.Password}}); status != 200 ||
		!strings.Contains(page, "/settings/audit-logs") {
		r.Fatalf("signing in: %d", status)
	}
	if r.follow("/"); len(r.seen) < 50 {
		r.Errorf("only %d pages", len(r.seen))
	}
	for _, place := range []string{"/settings/audit-logs/:id", "/settings/access-management/baseline-policies/:id",
		"/settings/access-management/users/:id", "/settings/access-management/groups/:id"} {
		if !r.seen[place] {
			r.Errorf("no page leads to %s; there are %q", place, slices.Sorted(maps.Keys(r.seen)))
		}
	}
	r.searches("Made by " + old.Commit)
	r.makesTokens("Made by " + old.Commit)
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.base+"/auth/verify", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+old.Token)
	if status, _ := r.do(req); status != http.StatusOK {
		r.Errorf("its token is answered with %d", status)
	}
}

// searches finds the token in the audit log and in its exports.
func (r *reader) searches(name string) {
	r.Helper()
	for _, format := range []string{"csv", "jsonl"} {
		if body := r.get("/settings/audit-logs/export/" + format); !strings.Contains(body, name) {
			r.Errorf("the export as %s does not name the token", format)
		}
	}
	if page := r.get("/settings/audit-logs?text=" + url.QueryEscape(name)); !strings.Contains(page, name) {
		r.Error("the search of the log does not find the token")
	}
}

// makesTokens tries to make a token of a name that is taken, and then one of another.
func (r *reader) makesTokens(taken string) {
	r.Helper()
	for _, made := range []bool{false, true} {
		form := r.get("/settings/profile/personal-access-tokens/new")
		submission, workspace := submissions.FindStringSubmatch(form), workspaces.FindStringSubmatch(form)
		fields := url.Values{"submission": submission[1:], "name": {strings.ToUpper(taken)}, "workspace": workspace[1:],
			"scope": {"read_write"}, "expiration": {"none"}}
		if made {
			fields.Set("name", "Made now")
		}
		status, page := r.post("/settings/profile/personal-access-tokens", fields)
		if secret.MatchString(page) != made {
			r.Errorf("a token %q: %d", fields.Get("name"), status)
		}
	}
}
