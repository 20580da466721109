package store

import (
	"context"
	"fmt"

	"latchkey/internal/actor"
	"latchkey/internal/identity"
	"latchkey/internal/notify"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
)

// Keys returns the store as starting a server and changing its secret key see it.
func Keys(s *Store) registry.KeyStore { return keys{s, s} }

type keys struct {
	registry.KeyReads
	store *Store
}

// InTx runs fn in one write transaction.
func (s keys) InTx(ctx context.Context, by actor.Caller, fn func(registry.KeyTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// SealingKey returns the id of the key with which secrets are sealed; "" before the first start.
func (q *queries) SealingKey(ctx context.Context) (string, error) {
	id, _, err := first(ctx, q, scanText, `SELECT key_id FROM sealing`)
	return id, err
}

// SetSealingKey changes the id of the key. traces says that unused parts of the database hold
// values that were sealed now.
func (tx *Tx) SetSealingKey(ctx context.Context, id string, traces bool) error {
	_, err := tx.exec(ctx, `INSERT INTO sealing (only_row, key_id, traces) VALUES (1, $1, $2)
		ON CONFLICT (only_row) DO UPDATE SET key_id = excluded.key_id, traces = sealing.traces OR excluded.traces`, id, traces)
	return err
}

// TracesLeft reports whether unused parts of the database may hold values that were sealed since.
func (q *queries) TracesLeft(ctx context.Context) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM sealing WHERE traces`)
	return n > 0, err
}

// Overwrite overwrites the unused parts of the database. It needs the room for a copy of it.
func (s *Store) Overwrite(ctx context.Context) error {
	if err := s.dialect.overwrite(ctx, s.write); err != nil {
		return fmt.Errorf("overwrite unused parts of the database: %w", err)
	}
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE sealing SET traces = FALSE`)
		return err
	})
}

// SealedValues returns the secrets of a configuration, a webhook, an identity provider or a second factor, ordered by path.
func (q *queries) SealedValues(ctx context.Context, h registry.Holder) ([]registry.Sealed, error) {
	if h.Part == identity.SecretPart {
		list, err := q.ProviderSecrets(ctx, h.Resource)
		values := make([]registry.Sealed, len(list))
		for i, v := range list {
			values[i] = registry.Sealed{Path: registry.Path(v.Path), Key: v.Key, Value: v.Value}
		}
		return values, err
	}
	if h.Part == notify.SecretPart {
		list, err := q.WebhookSecrets(ctx, h.Resource)
		values := make([]registry.Sealed, len(list))
		for i, v := range list {
			values[i] = registry.Sealed{Path: registry.Path(v.Path), Key: v.Key, Value: v.Value}
		}
		return values, err
	}
	scan := func(row scanner) (registry.Sealed, error) {
		var v registry.Sealed
		err := row.Scan(&v.Path, &v.Key, &v.Value)
		return v, err
	}
	if h.Part == signin.FactorPart {
		return all(ctx, q, scan, `SELECT path, key_id, sealed FROM factor_secrets WHERE factor_id = $1`, h.Resource)
	}
	return all(ctx, q, scan, `SELECT path, key_id, sealed FROM resource_secrets WHERE resource_id = $1 AND part = $2 ORDER BY path`,
		h.Resource, h.Part)
}

// SaveSealed replaces the secrets of a configuration, a webhook, an identity provider or a second factor.
func (tx *Tx) SaveSealed(ctx context.Context, h registry.Holder, values []registry.Sealed) error {
	if h.Part == identity.SecretPart {
		list := make([]identity.Sealed, len(values))
		for i, v := range values {
			list[i] = identity.Sealed{Path: string(v.Path), Key: v.Key, Value: v.Value}
		}
		return tx.SaveProviderSecrets(ctx, h.Resource, list)
	}
	if h.Part == notify.SecretPart {
		list := make([]notify.Sealed, len(values))
		for i, v := range values {
			list[i] = notify.Sealed{Path: string(v.Path), Key: v.Key, Value: v.Value}
		}
		return tx.SaveWebhookSecrets(ctx, h.Resource, list)
	}
	if h.Part == signin.FactorPart {
		return tx.replaceFactorSecret(ctx, h.Resource, values)
	}
	if _, err := tx.exec(ctx, `DELETE FROM resource_secrets WHERE resource_id = $1 AND part = $2`, h.Resource, h.Part); err != nil {
		return err
	}
	for i, v := range values {
		if _, err := tx.exec(ctx, `INSERT INTO resource_secrets (resource_id, part, number, path, key_id, sealed)
			VALUES ($1, $2, $3, $4, $5, $6)`, h.Resource, h.Part, i+1, v.Path, v.Key, v.Value); err != nil {
			return err
		}
	}
	return nil
}

// replaceFactorSecret replaces the secret of a second factor. Without one the factor stays and accepts no
// code, so that a lost key does not make a password enough.
func (tx *Tx) replaceFactorSecret(ctx context.Context, id string, values []registry.Sealed) error {
	if _, err := tx.exec(ctx, `DELETE FROM factor_secrets WHERE factor_id = $1`, id); err != nil {
		return err
	}
	for _, v := range values {
		if err := tx.saveFactorSecret(ctx, id, signin.Sealed{Path: string(v.Path), Key: v.Key, Value: v.Value}); err != nil {
			return err
		}
	}
	return nil
}

// SealedHolders returns every configuration, webhook, identity provider and second factor that has secrets.
func (q *queries) SealedHolders(ctx context.Context) ([]registry.Holder, error) {
	return all(ctx, q, func(row scanner) (registry.Holder, error) {
		var h registry.Holder
		err := row.Scan(&h.Resource, &h.Part)
		return h, err
	}, `SELECT DISTINCT resource_id, part FROM resource_secrets
		UNION SELECT webhook_id, '`+notify.SecretPart+`' FROM webhook_secrets
		UNION SELECT factor_id, '`+signin.FactorPart+`' FROM factor_secrets
		UNION SELECT provider_id, '`+identity.SecretPart+`' FROM identity_provider_secrets ORDER BY 1, 2`)
}

// SecretPaths returns where resources' own configurations have secrets, ordered by path.
func (q *queries) SecretPaths(ctx context.Context, resources []string) (map[string][]registry.Path, error) {
	paths := map[string][]registry.Path{}
	if len(resources) == 0 {
		return paths, nil
	}
	args := []any{registry.OfResource}
	for _, id := range resources {
		args = append(args, id)
	}
	err := each(ctx, q, func(row scanner) error {
		var id string
		var path registry.Path
		err := row.Scan(&id, &path)
		paths[id] = append(paths[id], path)
		return err
	}, `SELECT resource_id, path FROM resource_secrets WHERE part = $1 AND resource_id IN (`+placeholders(2, len(resources))+`)
		ORDER BY resource_id, path`, args...)
	return paths, err
}

// Configs returns up to limit configurations of a part that are no empty object, ordered by resource,
// from after that one.
func (q *queries) Configs(ctx context.Context, part registry.Part, after string, limit int) ([]registry.Config, error) {
	query := `SELECT id, config FROM resources WHERE id > $1 AND config <> '{}' ORDER BY id LIMIT $2`
	if part == registry.OfTrackingPlan {
		query = `SELECT source_id, config FROM source_tracking_plans WHERE source_id > $1 AND config <> '{}' ORDER BY source_id LIMIT $2`
	}
	return all(ctx, q, func(row scanner) (registry.Config, error) {
		c := registry.Config{Holder: registry.Holder{Part: part}}
		err := row.Scan(&c.Resource, &c.Text)
		return c, err
	}, query, after, limit)
}

// SaveConfig replaces the text of a configuration and changes no time; NotFound if it is gone.
func (tx *Tx) SaveConfig(ctx context.Context, c registry.Config) error {
	query := `UPDATE resources SET config = $1 WHERE id = $2`
	if c.Part == registry.OfTrackingPlan {
		query = `UPDATE source_tracking_plans SET config = $1 WHERE source_id = $2`
	}
	return tx.execOne(ctx, "That configuration", query, c.Text, c.Resource)
}
