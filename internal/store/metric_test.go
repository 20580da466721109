package store_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/demo"
	"latchkey/internal/metric"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

func TestTokenMetrics_AreThoseOfTheDemonstrationOnBothEngines(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if m, err := s.TokenMetrics(t.Context(), s.Now()); err != nil || len(m.Counts) > 0 || m.EndingLater > 0 {
				t.Errorf("before there is an organization: %+v, %v", m, err)
			}
			if err := demo.Seed(t.Context(), s, plainHasher{}, registry.Secrets{}); err != nil {
				t.Fatal(err)
			}
			m, err := s.TokenMetrics(t.Context(), s.Now())
			if err != nil {
				t.Fatal(err)
			}
			total := 0
			for _, c := range m.Counts {
				total += c.N
			}
			if total != m.EndingLater+m.Endless+1 { // one is expired
				t.Errorf("%d by state, %d with an end, %d without", total, m.EndingLater, m.Endless)
			}
			if m.Ends[0] > m.Ends[1] || m.Ends[4] != m.EndingLater || m.Ends[1] == 0 || m.Left < 24*time.Hour {
				t.Errorf("what they have left: %v of %d, %v in all", m.Ends, m.EndingLater, m.Left)
			}
			all, err := s.SoonestEnds(t.Context(), s.Now(), 1000)
			if err != nil || len(all) == 0 || len(all) > m.EndingLater || !all[0].At.After(s.Now()) ||
				!slices.IsSortedFunc(all, func(a, b metric.End) int { return a.At.Compare(b.At) }) {
				t.Errorf("%+v, %v", all, err)
			}
			if two, err := s.SoonestEnds(t.Context(), s.Now(), 2); err != nil || !slices.Equal(two, all[:2]) {
				t.Errorf("%+v, %v", two, err)
			}
		})
	}
}
