package signin

import (
	"context"
	"encoding/json"
	"fmt"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// NoticeKind is the kind of a notice.
type NoticeKind string

// Success is the kind of a notice of what was done.
const Success NoticeKind = "success"

// Notice is a short message about what just happened, for the next page of a session. It must
// not contain secrets, because it is stored in the database.
type Notice struct {
	Kind NoticeKind
	Text string // at most 300 bytes; the rest is cut
}

// Limits of the notices of a session, which keeps the newest.
const (
	maxNotices    = 5
	maxNoticeText = 300
)

// ParseNotices parses stored notices: a JSON list, or "" for none.
func ParseNotices(stored string) ([]Notice, error) {
	if stored == "" {
		return nil, nil
	}
	var list []Notice
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return nil, fmt.Errorf("stored notices: %w", err)
	}
	return list, nil
}

// formatNotices returns notices as they are stored.
func formatNotices(list []Notice) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// AddFlash stores notices for the session's next page. If the session is gone, it does nothing
// and returns no error.
func (s *Service) AddFlash(ctx context.Context, sessionID string, notices ...Notice) error {
	_, err := s.changeNotices(ctx, sessionID, func(list []Notice) []Notice {
		for _, n := range notices {
			n.Text = plaintext.ClipBytes(plaintext.Strip(n.Text), maxNoticeText)
			list = append(list, n)
		}
		return list[max(0, len(list)-maxNotices):]
	})
	return err
}

// TakeFlash returns the session's notices, oldest first, and removes them. If two pages call it
// at once, one of them gets the notices.
func (s *Service) TakeFlash(ctx context.Context, sessionID string) ([]Notice, error) {
	return s.changeNotices(ctx, sessionID, func([]Notice) []Notice { return nil })
}

// changeNotices replaces the notices with the result of change and returns the old ones. If
// they were changed concurrently, it tries again.
func (s *Service) changeNotices(ctx context.Context, sessionID string, change func([]Notice) []Notice) ([]Notice, error) {
	var before []Notice
	for range 10 {
		done := false
		err := s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
			was, err := tx.SessionNotices(ctx, sessionID)
			if err != nil {
				return err
			}
			if before, err = ParseNotices(was); err != nil {
				return err
			}
			now, err := formatNotices(change(before))
			if err != nil {
				return err
			}
			done, err = tx.SwapNotices(ctx, sessionID, was, now)
			return err
		})
		if fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		if err != nil || done {
			return before, err
		}
	}
	return nil, fault.NewUnavailable(fmt.Errorf("the notices of session %s keep changing", sessionID))
}
