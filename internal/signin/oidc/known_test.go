package oidc

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// An Admin may try many issuers. Those that nobody waits for are forgotten, and those of steps that wait are not.
func TestClient_KnowsOnlySoManyIssuers(t *testing.T) {
	c := New(http.DefaultClient, time.Now)
	busy := c.of("busy")
	busy.turns <- struct{}{}
	for i := range 10 * mostKnown {
		c.of(strconv.Itoa(i))
		if len(c.known) > mostKnown {
			t.Fatalf("%d issuers are known", len(c.known))
		}
	}
	if c.of("busy") != busy {
		t.Error("an issuer for which a step waits was forgotten")
	}
}
