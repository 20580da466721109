package store

import (
	"context"
	"encoding/json"
	"fmt"

	"latchkey/internal/actor"
	"latchkey/internal/policy"
)

// Presets returns the store as the presets of package policy see it.
func Presets(s *Store) policy.PresetStore { return presets{s, s} }

type presets struct {
	policy.PresetReads
	store *Store
}

// InTx runs fn in one write transaction.
func (p presets) InTx(ctx context.Context, by actor.Caller, fn func(policy.PresetTx) error) error {
	return p.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func scanPreset(row scanner) (policy.Preset, error) {
	var p policy.Preset
	var grants string
	var created int64
	if err := row.Scan(&p.ID, &p.Organization, &p.Name, &grants, &p.CreatedBy, &p.CreatedByName, &created); err != nil {
		return p, err
	}
	p.CreatedAt = moment(created)
	if err := json.Unmarshal([]byte(grants), &p.Grants); err != nil {
		return p, fmt.Errorf("preset %s: %w", p.ID, err)
	}
	return p, nil
}

// Presets returns the organization's presets, ordered by name.
func (q *queries) Presets(ctx context.Context, organization string) ([]policy.Preset, error) {
	return all(ctx, q, scanPreset, `SELECT id, organization_id, name, grants, created_by, created_by_name, created_at FROM policy_presets
		WHERE organization_id = $1 ORDER BY lower(name), id`, organization)
}

// InsertPreset adds a preset; Conflict if its name is taken.
func (tx *Tx) InsertPreset(ctx context.Context, p policy.Preset) error {
	grants, err := json.Marshal(p.Grants)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO policy_presets (id, organization_id, name, grants, created_by, created_by_name, created_at)
		VALUES (`+placeholders(1, 7)+`)`,
		p.ID, p.Organization, p.Name, string(grants), p.CreatedBy, p.CreatedByName, millis(p.CreatedAt))
	return err
}

// DeletePreset removes a preset; NotFound if there is none.
func (tx *Tx) DeletePreset(ctx context.Context, organization, id string) error {
	return tx.execOne(ctx, "That preset", `DELETE FROM policy_presets WHERE organization_id = $1 AND id = $2`, organization, id)
}
