package app

import (
	"context"
	"log/slog"
	"time"

	"latchkey/internal/token"
)

// mostReused is how many tokens wait to be looked at.
const mostReused = 1000

// reusedToken is a token whose previous secret was used after its end.
type reusedToken struct{ organization, id string }

// reused passes such tokens on, so that no request waits until they are suspended.
type reused struct {
	waiting chan reusedToken
	every   time.Duration // how often the same token is looked at, at most
}

func newReused() *reused { return &reused{make(chan reusedToken, mostReused), 10 * time.Second} }

// note has a token looked at, unless too many wait already: the next use notes it again.
func (r *reused) note(organization, id string) {
	select {
	case r.waiting <- reusedToken{organization, id}:
	default:
	}
}

// run suspends the tokens if the rules say so, until ctx ends.
func (r *reused) run(ctx context.Context, tokens *token.Service, log *slog.Logger) {
	looked := map[string]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-r.waiting:
			if time.Since(looked[t.id]) < r.every {
				continue
			}
			if len(looked) >= mostReused {
				clear(looked)
			}
			looked[t.id] = time.Now()
			if err := tokens.SuspendReused(ctx, t.organization, t.id); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "cannot suspend a token whose previous value was used", "token", t.id, "error", err)
			}
		}
	}
}
