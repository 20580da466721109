package store

import (
	"context"
	"database/sql"
	"hash/fnv"

	"latchkey/internal/migration"
)

// sign is what a program shows to others on the database: that a step is under way, and of
// which organization.
type sign struct{ step, of int32 }

// The steps as signs, the one first that matters most when several are shown.
var signed = []struct {
	step migration.Step
	sign int32
}{{migration.StepDeploy, 0x6c746301}, {migration.StepStage, 0x6c746302}, {migration.StepRead, 0x6c746303}}

func signOf(organization string, step migration.Step) sign {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(organization)) // never fails
	s := sign{of: int32(digest.Sum32() & 0x7fffffff)}
	for _, known := range signed {
		if known.step == step {
			s.step = known.sign
		}
	}
	return s
}

// AnnounceStep shows to all programs on the database that a step is under way, until release is
// called, or for some seconds after this program is gone or stands still. On SQLite there
// is nobody to show it to. Unavailable without a database.
func (s *Store) AnnounceStep(ctx context.Context, organization string, step migration.Step) (release func(), err error) {
	release, err = s.dialect.keep(ctx, s.read, signOf(organization, step))
	return release, s.dialect.translate(err)
}

// AnnouncedSteps lists the steps that programs show, this one included, that which matters most
// first.
func (s *Store) AnnouncedSteps(ctx context.Context, organization string) ([]migration.Step, error) {
	shown, err := s.dialect.signs(ctx, s.queries, signOf(organization, "").of)
	var out []migration.Step
	for _, known := range signed {
		if shown[known.sign] {
			out = append(out, known.step)
		}
	}
	return out, err
}

// AnnounceStep is [Store.AnnounceStep] until the transaction has ended, whatever becomes of the
// program.
func (tx *Tx) AnnounceStep(ctx context.Context, organization string, step migration.Step) error {
	return tx.show(ctx, signOf(organization, step))
}

// keep has nobody to show anything to.
func (d sqliteDialect) keep(context.Context, *sql.DB, sign) (func(), error) { return func() {}, nil }

func (d sqliteDialect) show(context.Context, *sql.Tx, sign) error { return nil }

func (d sqliteDialect) signs(context.Context, queries, int32) (map[int32]bool, error) {
	return nil, nil
}
