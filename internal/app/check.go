package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

const (
	// checkEvery is how often a server looks for damage in the database.
	checkEvery = 24 * time.Hour
	// checkAfter is when it does so first, and somewhat later: the nodes do not begin together.
	checkAfter = time.Hour
)

// checked is the result of the latest check of this node.
type checked struct {
	mu       sync.Mutex
	at       time.Time // zero if there was none
	findings int
}

func (c *checked) set(at time.Time, findings int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.findings = at, findings
}

func (c *checked) get() (at time.Time, findings int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at, c.findings
}

// checkDatabase looks for damage, slowly, and says in one line what it found.
func (a *App) checkDatabase(ctx context.Context) error {
	begun, o := time.Now(), store.CheckOptions{Gently: true}
	if a.signer != nil {
		o.Trust = audit.Trust{Keys: a.signer.Trusted()}
	}
	if _, ok := a.Secrets.Keys.Newest(); ok {
		o.Sealed = &registry.Secrets{Keys: a.Secrets.Keys}
	}
	found, err := a.Store.Check(ctx, o)
	if err != nil {
		return err
	}
	a.checked.set(time.Now(), len(found))
	if len(found) == 0 {
		a.log.InfoContext(ctx, "the database was checked and is as it should be", "took", time.Since(begun).Round(time.Millisecond))
		return nil
	}
	texts := make([]string, 0, mostNamed)
	for _, f := range found[:min(len(found), mostNamed)] {
		texts = append(texts, f.Rule+": "+f.Text)
	}
	a.log.ErrorContext(ctx, "the database is damaged, or was changed without Latchkey; run \"latchkey check\"", "findings", len(found),
		"first", strings.Join(texts, "; "))
	return nil
}

// mostNamed is how many findings the line in the log names.
const mostNamed = 5
