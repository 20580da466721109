package store

import (
	"context"
	"database/sql"
	"hash/fnv"

	"latchkey/internal/migration"
)

// announcement tells other programs on the database that a step of an organization is running.
type announcement struct{ step, of int32 }

// The steps as numbers in announcements, the most important first.
var stepNumbers = []struct {
	step   migration.Step
	number int32
}{{migration.StepDeploy, 0x6c746301}, {migration.StepStage, 0x6c746302}, {migration.StepRead, 0x6c746303}}

func announcementOf(organization string, step migration.Step) announcement {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(organization)) // never fails
	s := announcement{of: int32(digest.Sum32() & 0x7fffffff)}
	for _, known := range stepNumbers {
		if known.step == step {
			s.step = known.number
		}
	}
	return s
}

// AnnounceStep shows all programs on the database that a step is running, until release is called
// or some seconds after this program dies or hangs. On SQLite it does nothing, because there are no
// other programs. The error is Unavailable if the database cannot be reached.
func (s *Store) AnnounceStep(ctx context.Context, organization string, step migration.Step) (release func(), err error) {
	release, err = s.dialect.announce(ctx, s.read, announcementOf(organization, step))
	return release, s.dialect.translate(err)
}

// AnnouncedSteps returns the announced steps, including those of this program, the most important
// first.
func (s *Store) AnnouncedSteps(ctx context.Context, organization string) ([]migration.Step, error) {
	shown, err := s.dialect.announced(ctx, &s.queries, announcementOf(organization, "").of)
	var out []migration.Step
	for _, known := range stepNumbers {
		if shown[known.number] {
			out = append(out, known.step)
		}
	}
	return out, err
}

// AnnounceStep is [Store.AnnounceStep] until the transaction has ended, even if the program dies.
func (tx *Tx) AnnounceStep(ctx context.Context, organization string, step migration.Step) error {
	return tx.show(ctx, announcementOf(organization, step))
}

// announce does nothing, because there are no other programs.
func (d *sqliteDialect) announce(context.Context, *sql.DB, announcement) (func(), error) {
	return func() {}, nil
}

func (d *sqliteDialect) announceIn(context.Context, *sql.Tx, announcement) error { return nil }

func (d *sqliteDialect) announced(context.Context, *queries, int32) (map[int32]bool, error) {
	return nil, nil
}
