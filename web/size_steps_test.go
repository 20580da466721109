package web_test

import (
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
		costs := map[string]cost{}
		for _, a := range s.asks(t, l, size) {
			a.serve(t, s) // the first request may fill memory
			steps, worst := c.of(func() { a.serve(t, s) })
			costs[a.name(l)] = cost{steps, worst}
		}
		return costs
	}
	few, many := measure(small()), measure(small().times(times))
	for name, m := range many {
		f, ok := few[name]
		if !ok {
			t.Errorf("%s is not in both", name)
		}
		if most := mostSteps(name, f.steps, times); m.steps > most {
			t.Errorf("%s needs %d steps at first and %d with %d times as much, more than %d:%s", name, f.steps, m.steps, times, most, m.worst)
		}
	}
}

// mostSteps is what an answer may need when there is times as much as when it needed n.
func mostSteps(_ string, n, _ int) int { return n + n/2 + 2000 }

// name is the request without ids that differ between two sites.
func (a ask) name(l *filledLog) string {
	path := a.path
	for _, share := range []float64{0.5} {
		path = strings.ReplaceAll(path, l.at(share), "EVENT")
	}
	return a.who + " " + strings.NewReplacer(l.admin, "ADMIN", l.workspace, "WORKSPACE", l.token, "TOKEN").Replace(path)
}
