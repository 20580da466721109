package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// lastsForTests is how far ahead of the clock a session of [SignIn] begins, so that tests
// may move their clocks without ending it.
const lastsForTests = 100 * 365 * 24 * time.Hour

// SignIn starts a session for an active member and returns how the member stands in it. The
// session is good for as long as the member may sign in, whatever the clock says, but proven now: acts that ask again do
// so after [actor.ProofLife].
func SignIn(t testing.TB, s *store.Store, member string) actor.Standing {
	t.Helper()
	at := s.Now().Add(lastsForTests)
	session := signin.Session{ID: ksuid.New().String(), Member: member, CreatedAt: at, LastSeenAt: at,
		Proof: actor.Proof{How: actor.ByPassword, At: s.Now()}}
	err := s.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertSession(context.Background(), session, []byte("digest of "+session.ID))
	})
	if err != nil {
		t.Fatal(err)
	}
	return Stands(t, s, actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: session.ID}})
}

// Stands returns how a caller stands now.
func Stands(t testing.TB, s *store.Store, by actor.Caller) (standing actor.Standing) {
	t.Helper()
	err := s.InTx(context.Background(), by, func(tx *store.Tx) error {
		standing = tx.By()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return standing
}
