package kit_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"latchkey/web/ui/kit"
)

// read returns the form that a request with these values is read as.
func read(t *testing.T, form url.Values) url.Values {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/?name=from-a-link", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := kit.ReadForm(echo.New().NewContext(r, httptest.NewRecorder()))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReadForm_CleansWhatPeoplePaste(t *testing.T) {
	pasted, line := "\ufeff\"Ada\u00a0Lovelace\u200b\"\r\n", []string{"Ada Lovelace"}
	got := read(t, url.Values{"name": {pasted}, "organization": {pasted}, "workspace": {pasted}, "date": {"\u200e2031-12-31\u00a0"},
		"description": {"one\r\ntwo\u00a0\u200b\r\n"}, "email": {" \"ada@acme.example\".\r\n"},
		"emails": {"\ufeffone@acme.example,\u00a0two@acme.example\r\n"}})
	want := url.Values{"name": line, "organization": line, "workspace": line, "date": {"2031-12-31"}, "description": {"one\ntwo"},
		"email": {"ada@acme.example"}, "emails": {"one@acme.example, two@acme.example"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadForm_LeavesSecretsAndChoicesAlone(t *testing.T) {
	exact := url.Values{}
	for _, name := range []string{"password", "current", "new", "secret", "submission", "token", "code", "step", "member", "groups", "permission.x"} {
		exact[name] = []string{"\ufeff \"p\u00a0w\u200d\" \r\n", "\xff"}
	}
	if d := cmp.Diff(exact, read(t, exact)); d != "" {
		t.Error(d)
	}
}

func TestSearch_IsCleanedAndIgnoresJoiners(t *testing.T) {
	if got := kit.Search("\ufeff ci\u00a0probe\u200b\n"); got != "ci probe" {
		t.Errorf("searches for %+q", got)
	}
	for _, c := range [][2]string{{"می\u200cخواهم", "میخواهم"}, {"میخواهم", "می\u200cخواهم"}, {"می\u200cخواهم", "می\u200cخ"}} {
		if !kit.Matches(c[0], c[1]) {
			t.Errorf("%+q does not find %+q", c[1], c[0])
		}
	}
}
