package web_test

import (
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/config"
	"latchkey/internal/store/storetest"
)

// TestPages_CostWhatTheyShow compares two sizes of an organization: what a page, or a list of an API,
// makes the database do must not grow with what the page does not show.
func TestPages_CostWhatTheyShow(t *testing.T) {
	c, times := counter(), 10
	type cost struct {
		steps int
		worst string
	}
	measure := func(size amounts) map[string]cost {
		cfg := config.Config{Data: folderOf(storetest.Empty(t))}
		s := newSiteOn(t, cfg)
		l := s.grow(t, cfg, size)
		costs, editor := map[string]cost{}, s.caller(t, editorEmail).ID
		for _, a := range s.asks(t, l, size) {
			a.serve(t, s) // the first request may fill memory
			steps, worst := c.of(func() { a.serve(t, s) })
			costs[a.name(l, editor)] = cost{steps, worst}
		}
		return costs
	}
	few, many := measure(small()), measure(small().times(times))
	for name, m := range many {
		f, ok := few[name]
		if !ok {
			t.Errorf("%s is not in both", name)
		}
		if most := mostSteps(name, f.steps, small(), times); m.steps > most {
			t.Errorf("%s needs %d steps at first and %d with %d times as much, more than %d:%s", name, f.steps, m.steps, times, most, m.worst)
		}
	}
}

// mostSteps is what an answer may need in the larger organization when it needed n in the smaller: fewer
// than three more for each token or event that was added, so it does not read all of them.
func mostSteps(name string, n int, small amounts, times int) int {
	for _, page := range flat() {
		if name == page {
			return n + n/2 + 3000
		}
	}
	most := n + 3*(times-1)*small.tokens
	for part, more := range readsMore() {
		if strings.Contains(name, part) {
			most = max(most, n+more*(times-1)*small.tokens)
		}
	}
	return most
}

// flat are pages that need hardly more steps in a larger organization.
func flat() []string {
	return []string{"Admin " + manage + "/users", "Admin " + manage + "/tokens", "Admin " + manage + "/tokens?kind=personal",
		"Admin " + satRoot + "/workspace", "Admin " + satRoot + "/organization",
		"Admin /needs-attention", "Admin /needs-attention?show=unused",
		"Admin /settings/profile", "Admin /settings/profile/personal-access-tokens/new",
		"Admin /tokens/TOKEN/secrets", "Admin " + manage + "/token-rules", "Admin " + manage + "/sign-in",
		"Admin " + manage + "/identity-providers", "Admin " + manage + "/notifications", "Admin /settings/security", "Admin /settings/calendar",
		"Admin /settings/personal-access-tokens", "Member /settings/personal-access-tokens", "Admin /settings/audit-logs",
		"Member /settings/profile",
		"token /v2/audit-logs?token_id=pat-Ada", "token /v2/audit-logs?target_id=ADMIN", "token /v2/audit-logs?token_id=TOKEN"}
}

// readsMore are the pages that may read more, by a part of their names: steps for each token that was
// added.
func readsMore() map[string]int {
	return map[string]int{
		"/explain?q=":          30, // searches the names of all tokens and members
		"management/tokens?":   12, // chooses in an index of all tokens
		"tokens/delete?all":    12, // likewise
		"/search?q=":           12, // searches the names of all tokens and members
		"/settings/workspaces": 12, // counts the different members of each workspace that it shows
		"/baseline-policies":   12, // likewise
		"/groups":              8,  // counts the members of all groups, to sort by their number
		"/invitations":         8,  // offers all groups
		"add-to-groups":        8,  // likewise
		"/users/EDITOR/":       8,  // lists what ends with the member: all of the member's tokens
	}
}

// name is the request without ids that differ between two sites.
func (a ask) name(l *filledLog, editor string) string {
	path := regexp.MustCompile(`sizetoken\d+`).ReplaceAllString(a.path, "TOKEN")
	return a.who + " " + strings.NewReplacer(l.at(0.5), "EVENT", editor, "EDITOR", l.admin, "ADMIN", l.workspace,
		"WORKSPACE", l.token, "TOKEN").Replace(path)
}
