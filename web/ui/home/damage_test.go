package home

import "testing"

func TestDamageWarnings_AppearOnlyWithFindings(t *testing.T) {
	if w := damageWarnings(0); w != nil {
		t.Errorf("of a sound database: %v", w)
	}
	if w := damageWarnings(3); len(w) != 1 || w[0].Kind != "warning" || w[0].Title == "" || w[0].Text == "" {
		t.Errorf("of a damaged one: %v", w)
	}
}
