package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/seal"
)

// Config is a stored configuration and whose it is.
type Config struct {
	Holder
	Text string // JSON
}

// KeyStore is what starting a server and changing the key need of the store.
type KeyStore interface {
	KeyReads
	// InTx runs fn in one write transaction of the server itself.
	InTx(ctx context.Context, by actor.Caller, fn func(KeyTx) error) error
}

// KeyReads is what they need outside of transactions.
type KeyReads interface {
	// SealingKey returns the id of the key that the installation seals with; "" before the
	// first start.
	SealingKey(ctx context.Context) (string, error)
	configReader
	// TracesLeft reports whether values that were sealed, or sealed again, may still be in unused
	// parts of the database.
	TracesLeft(ctx context.Context) (bool, error)
	// Overwrite overwrites these parts.
	Overwrite(ctx context.Context) error
}

// KeyTx is one transaction on the key and everything that is sealed.
type KeyTx interface {
	Sealing
	configReader
	By() actor.Standing
	AppendEvent(ctx context.Context, e audit.Event) error
	// SoleOrganization returns NotFound before the set-up.
	SoleOrganization(ctx context.Context) (account.Organization, error)
	// SetSealingKey changes the id of the key. traces says what TracesLeft reports from now on;
	// true stays.
	SetSealingKey(ctx context.Context, id string, traces bool) error
	// SaveConfig replaces the text of a configuration and changes no time.
	SaveConfig(ctx context.Context, c Config) error
	// SealedHolders returns every configuration that has secrets.
	SealedHolders(ctx context.Context) ([]Holder, error)
}

type configReader interface {
	// Configs returns up to limit configurations of a part, without empty objects, ordered by
	// resource, from after that one.
	Configs(ctx context.Context, part Part, after string, limit int) ([]Config, error)
}

// ErrWrongKey means that the server's keys do not include the one that the installation uses.
type ErrWrongKey struct {
	Have []string // ids
	Need string   // id
}

func (e *ErrWrongKey) Error() string {
	return fmt.Sprintf("the database uses the secret key %s, which is not among the keys %q", e.Need, e.Have)
}

// Started is what a start found.
type Started struct {
	Key     string // id of the key that is in use
	Sealed  int    // secrets that were stored plain until now
	Rotates bool   // the ring has a newer key, which is not in use yet
	// Traces is why Start could not overwrite unused parts of the database, which may still hold
	// values that were plain; nil if it could.
	Traces error
}

// Start does what Seal does, and then overwrites the unused parts of the database in which values
// that were sealed may still be plain.
func (s Secrets) Start(ctx context.Context, st KeyStore) (Started, error) {
	started, err := s.Seal(ctx, st)
	if err == nil {
		started.Traces = overwrite(ctx, st)
	}
	return started, err
}

// Seal makes the newest key the installation's, unless it has one, and seals every secret that is
// still stored plain: of an older version, or because an operator has named more keys since. All
// of it is one transaction. The error is [ErrWrongKey] if the ring lacks the installation's key;
// then nothing has changed.
func (s Secrets) Seal(ctx context.Context, st KeyStore) (Started, error) {
	id, err := st.SealingKey(ctx)
	if err != nil {
		return Started{}, err
	}
	started := Started{Key: id}
	if err := s.check(id); err != nil {
		return started, err
	}
	plain, err := s.anyPlain(ctx, st)
	if err != nil {
		return started, err
	}
	if id == "" || plain {
		err := st.InTx(ctx, actor.System(""), func(tx KeyTx) (err error) {
			started.Key, started.Sealed, err = s.adopt(ctx, tx)
			return err
		})
		if err != nil {
			return started, err
		}
	}
	newest, _ := s.Keys.Newest()
	started.Rotates = newest.ID() != started.Key
	return started, nil
}

// overwrite overwrites what is left of values that were sealed.
func overwrite(ctx context.Context, st KeyStore) error {
	left, err := st.TracesLeft(ctx)
	if err != nil || !left {
		return err
	}
	return st.Overwrite(ctx)
}

// check returns [ErrWrongKey] if the installation uses a key that the ring lacks.
func (s Secrets) check(id string) error {
	if _, ok := s.Keys.Key(id); !ok && id != "" {
		return &ErrWrongKey{Have: s.Keys.IDs(), Need: id}
	}
	if _, ok := s.Keys.Newest(); !ok {
		return errors.New("there is no secret key")
	}
	return nil
}

// each calls do for every configuration that is not empty.
func each(ctx context.Context, r configReader, do func(Config) error) error {
	const page = 500
	for _, part := range []Part{OfResource, OfTrackingPlan} {
		for after := ""; ; {
			found, err := r.Configs(ctx, part, after, page)
			if err != nil {
				return err
			}
			for _, c := range found {
				if err := do(c); err != nil {
					return err
				}
			}
			if len(found) < page {
				break
			}
			after = found[len(found)-1].Resource
		}
	}
	return nil
}

// anyPlain reports whether a secret is stored plain. It reads outside of a transaction, so that a
// start does not make others wait.
func (s Secrets) anyPlain(ctx context.Context, r configReader) (bool, error) {
	errFound := errors.New("found")
	err := each(ctx, r, func(c Config) error {
		if len(s.Names.divide(c.Text).said) > 0 {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// adopt gives the installation a key if it has none, and seals what is plain.
func (s Secrets) adopt(ctx context.Context, tx KeyTx) (id string, sealed int, err error) {
	if id, err = tx.SealingKey(ctx); err != nil {
		return "", 0, err
	}
	if err := s.check(id); err != nil {
		return id, 0, err
	}
	fresh := id == ""
	if fresh {
		newest, _ := s.Keys.Newest()
		id = newest.ID()
	}
	key, _ := s.Keys.Key(id)
	err = each(ctx, tx, func(c Config) error {
		n, err := s.sealPlain(ctx, tx, key, c)
		sealed += n
		return err
	})
	if err != nil || !fresh && sealed == 0 {
		return id, sealed, err
	}
	// Whatever an older version has changed or removed may be in unused parts as well.
	_, err = tx.SoleOrganization(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return id, sealed, err
	}
	if err := tx.SetSealingKey(ctx, id, err == nil || sealed > 0); err != nil {
		return id, sealed, err
	}
	action := audit.Updated
	if fresh {
		action = audit.Created
	}
	return id, sealed, keyEvent(ctx, tx, action, id, state{"keyId": id, "secretsSealed": sealed})
}

// sealPlain seals the secrets of one configuration and returns how many there were.
func (s Secrets) sealPlain(ctx context.Context, tx KeyTx, key seal.Key, c Config) (int, error) {
	d := s.Names.divide(c.Text)
	if len(d.said) == 0 {
		return 0, nil
	}
	if !json.Valid([]byte(d.public)) { // never happens: configurations are checked when they come
		return 0, fmt.Errorf("the configuration of the resource %s is no JSON", c.Resource)
	}
	values, err := tx.SealedValues(ctx, c.Holder)
	if err != nil {
		return 0, err
	}
	values = slices.DeleteFunc(values, func(v Sealed) bool { return d.said[v.Path] })
	for path, value := range d.secrets {
		values = append(values, Sealed{Path: path, Key: key.ID(), Value: key.Seal(c.place(path), []byte(value))})
	}
	if err := tx.SaveSealed(ctx, c.Holder, values); err != nil {
		return 0, err
	}
	return len(d.secrets), tx.SaveConfig(ctx, Config{c.Holder, d.public})
}

// keyEvent records what happened to the key. Before the set-up there is no log to record it in.
func keyEvent(ctx context.Context, tx KeyTx, action audit.Action, id string, after state) error {
	o, err := tx.SoleOrganization(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	by := actor.OfSystem(o.ID)
	by.Ref, by.Origin = tx.By().Ref, tx.By().Origin
	target := audit.Target{Type: audit.TargetSecretKey, ID: id, Name: id}
	return tx.AppendEvent(ctx, audit.Did(by, action, target).Changed("", after.String()))
}

// Rotated is what a change of the key did.
type Rotated struct {
	From, To string // ids
	Secrets  int    // sealed with the new key, or discarded
	Traces   error  // as in [Started]
}

// ErrNothingToRotate means that the newest key is in use already.
var ErrNothingToRotate = errors.New("the newest key of the file is in use already")

// Rotate seals everything with the newest key of the ring, in one transaction, and makes it the
// installation's. The error is [ErrNothingToRotate] or [ErrWrongKey], or names the secret that
// cannot be opened; then nothing has changed.
func (s Secrets) Rotate(ctx context.Context, st KeyStore) (Rotated, error) {
	return s.replace(ctx, st, func(tx KeyTx, r *Rotated, newest seal.Key) error {
		if err := s.check(r.From); err != nil {
			return err
		}
		err := eachSealed(ctx, tx, func(h Holder, values []Sealed) error {
			r.Secrets += len(values)
			for i, v := range values {
				plain, err := s.open(h, v)
				if err != nil {
					return fmt.Errorf("the secret %s of the resource %s: %w", v.Path, h.Resource, err)
				}
				values[i] = Sealed{Path: v.Path, Key: newest.ID(), Value: newest.Seal(h.place(v.Path), plain)}
			}
			return tx.SaveSealed(ctx, h, values)
		})
		if err != nil {
			return err
		}
		return keyEvent(ctx, tx, audit.Rotated, r.To, state{"previousKeyId": r.From, "keyId": r.To, "secretsSealed": r.Secrets})
	})
}

// Discard removes every secret, because the key that opens them is lost, and makes the newest key
// of the ring the installation's. It refuses with [ErrNothingToRotate] while that key is in use.
func (s Secrets) Discard(ctx context.Context, st KeyStore) (Rotated, error) {
	return s.replace(ctx, st, func(tx KeyTx, r *Rotated, _ seal.Key) error {
		err := eachSealed(ctx, tx, func(h Holder, values []Sealed) error {
			r.Secrets += len(values)
			return tx.SaveSealed(ctx, h, nil)
		})
		if err != nil {
			return err
		}
		return keyEvent(ctx, tx, audit.Deleted, r.From, state{"keyId": r.To, "secretsDiscarded": r.Secrets})
	})
}

// eachSealed calls do for every configuration that has secrets.
func eachSealed(ctx context.Context, tx KeyTx, do func(Holder, []Sealed) error) error {
	holders, err := tx.SealedHolders(ctx)
	if err != nil {
		return err
	}
	for _, h := range holders {
		values, err := tx.SealedValues(ctx, h)
		if err != nil {
			return err
		}
		if err := do(h, values); err != nil {
			return err
		}
	}
	return nil
}

// replace changes the installation's key to the newest one of the ring, after do has dealt with
// what is sealed.
func (s Secrets) replace(ctx context.Context, st KeyStore, do func(KeyTx, *Rotated, seal.Key) error) (Rotated, error) {
	var r Rotated
	err := st.InTx(ctx, actor.System(""), func(tx KeyTx) error {
		newest, ok := s.Keys.Newest()
		from, err := tx.SealingKey(ctx)
		r = Rotated{From: from, To: newest.ID()}
		switch {
		case err != nil:
			return err
		case !ok || from == newest.ID():
			return ErrNothingToRotate
		}
		if err := do(tx, &r, newest); err != nil {
			return err
		}
		return tx.SetSealingKey(ctx, newest.ID(), r.Secrets > 0)
	})
	if err != nil {
		return r, err
	}
	r.Traces = overwrite(ctx, st)
	return r, nil
}
