// Package storetest is the conformance suite of the store: what it promises, whatever the
// engine. [Run] runs all of it.
package storetest

import (
	"testing"

	"latchkey/internal/store"
)

// Open gives an empty store of its own to every test and closes it with the test.
type Open = func(t *testing.T) *store.Store

// Run runs every suite.
func Run(t *testing.T, open Open) {
	for _, suite := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"engine", Engine},
		{"accounts", Accounts},
		{"standing", Standing},
		{"sign-ins", SignIns},
		{"tokens", Tokens},
		{"registry", Registry},
		{"provisioning", Provision},
		{"webhooks", Notify},
		{"identities", Identities},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.run(t, open) })
	}
}
