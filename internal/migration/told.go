package migration

import (
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// told is the event of what was done to the staging area. What is chosen there has none: it is in the
// report of the deployment.
func (m Migration) told(by actor.Standing, action audit.Action) audit.Event {
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
