package migration

import (
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// event returns the event of an action on the staging area. Choices have no events: they are in
// the report of the deployment.
func (m Migration) event(by actor.Standing, action audit.Action) audit.Event {
	e := audit.Did(by, action, audit.Target{Type: audit.TargetMigration, ID: m.ID, Name: m.FileName})
	state := map[string]any{}
	if m.Digest != "" {
		state["digest"] = m.Digest
	}
	if m.Strategy != "" {
		state["strategy"] = m.Strategy
	}
	return e.Changed("", stateOf(state))
}
