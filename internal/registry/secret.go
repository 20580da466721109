package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"latchkey/internal/fault"
	"latchkey/internal/seal"
)

// Secrets is what the service needs to keep secrets apart from configurations. The zero value
// knows no secrets; without keys none can be stored.
type Secrets struct {
	Names SecretNames
	Keys  seal.Ring
}

// Part is a configuration of a resource.
type Part string

// The configurations of a resource.
const (
	OfResource     Part = "config"
	OfTrackingPlan Part = "tracking_plan" // a source's, how it follows its plan
)

// Holder is the configuration that a secret belongs to.
type Holder struct {
	Resource string // id
	Part     Part
}

// place returns what a secret is bound to. Part of it never changes: the workspace of a resource
// does not, and a resource that is removed never comes back under its id.
func (h Holder) place(path Path) seal.Place {
	return seal.Place{"resource", h.Resource, string(h.Part), string(path)}
}

// Sealed is a secret as it is stored.
type Sealed struct {
	Path  Path
	Key   string // id of the key
	Value []byte
}

// errNoKey is the cause of a fault on a server whose file lacks the key that is in use.
var errNoKey = errors.New("the server's secret key file does not have the key that the installation uses; see docs/secrets.md")

// key returns the key with which secrets are sealed now. The database says which: several
// servers agree on it, and a rotation changes it for all of them at once.
func (s Secrets) key(ctx context.Context, tx Sealing) (seal.Key, error) {
	id, err := tx.SealingKey(ctx)
	if err != nil {
		return seal.Key{}, err
	}
	k, ok := s.Keys.Key(id)
	if !ok {
		return seal.Key{}, fault.NewUnavailable(fmt.Errorf("key %q: %w", id, errNoKey))
	}
	return k, nil
}

// open returns a stored secret.
func (s Secrets) open(h Holder, v Sealed) ([]byte, error) {
	k, ok := s.Keys.Key(v.Key)
	if !ok {
		return nil, errNoKey
	}
	return k.Open(h.place(v.Path), v.Value)
}

// Opens returns an error if a stored secret cannot be opened: it was damaged, belongs to another place,
// or its key is not here.
func (s Secrets) Opens(h Holder, v Sealed) error {
	_, err := s.open(h, v)
	return err
}

// configured is a configuration that has been checked and whose secrets are sealed.
type configured struct {
	holder  Holder
	public  string // without secrets
	sealed  []Sealed
	set     []Path // new secrets, and those that have another value
	removed []Path
	moved   bool // some secrets have only another path, or are stored in another way
}

func (n configured) changed() bool { return n.moved || len(n.set)+len(n.removed) > 0 }

// configure checks a new configuration of a holder and seals its secrets. It keeps the stored
// ones that the configuration leaves out. before is the public configuration until now, "" for a
// new one.
func (c *changing) configure(ctx context.Context, h Holder, before, config string) (configured, error) {
	d := c.service.secrets.Names.divide(config)
	n := configured{holder: h, public: d.public}
	var stored []Sealed
	if before != "" {
		var err error
		if stored, err = c.Sealing.SealedValues(ctx, h); err != nil {
			return n, err
		}
	}
	// A server of an older version may have stored some plain, beside this one.
	before, plain, err := c.service.secrets.SealNew(ctx, c.Sealing, h, before)
	if err != nil {
		return n, err
	}
	n.moved = len(plain) > 0
	if len(stored)+len(plain)+len(d.secrets) == 0 {
		return n, nil
	}
	byPath := map[Path]Sealed{}
	for _, v := range append(plain, stored...) {
		byPath[v.Path] = v
	}
	var p fault.Problems
	checkSecrets(&p, len(d.secrets))
	if err := p.Err(invalidText); err != nil {
		return n, err
	}
	kept := keep(&p, slices.Collect(maps.Keys(byPath)), before, d)
	checkSecrets(&p, len(d.secrets)+len(kept))
	if err := p.Err(invalidText); err != nil {
		return n, err
	}
	s := sealer{ctx: ctx, secrets: c.service.secrets, tx: c.Sealing, stored: byPath, now: &n}
	for _, path := range slices.Sorted(maps.Keys(kept)) {
		s.keep(&p, path, kept[path])
	}
	for _, path := range slices.Sorted(maps.Keys(d.secrets)) {
		s.set(path, d.secrets[path])
	}
	s.drop(kept)
	return n, errors.Join(s.err, p.Err(invalidText))
}

// SealNew takes the secrets out of the configuration of a new resource and seals them, for those who
// write resources without the service. tx must store the resource before its secrets.
func (s Secrets) SealNew(ctx context.Context, tx Sealing, h Holder, config string) (public string, values []Sealed, err error) {
	d := s.Names.divide(config)
	n := configured{holder: h}
	fresh := sealer{ctx: ctx, secrets: s, tx: tx, now: &n}
	for _, path := range slices.Sorted(maps.Keys(d.secrets)) {
		fresh.set(path, d.secrets[path])
	}
	return d.public, n.sealed, fresh.err
}

// sealer seals the secrets of a configuration. After the first error its methods do nothing.
type sealer struct {
	ctx     context.Context
	secrets Secrets
	tx      Sealing
	stored  map[Path]Sealed
	now     *configured
	key     seal.Key // the installation's, after the first secret
	err     error
}

// seal adds a secret.
func (s *sealer) seal(path Path, value []byte) {
	if s.key.ID() == "" {
		if s.key, s.err = s.secrets.key(s.ctx, s.tx); s.err != nil {
			return
		}
	}
	s.now.sealed = append(s.now.sealed, Sealed{Path: path, Key: s.key.ID(), Value: s.key.Seal(s.now.holder.place(path), value)})
}

// keep keeps a stored secret, which may get another path.
func (s *sealer) keep(p *fault.Problems, path, before Path) {
	if s.err != nil {
		return
	}
	old := s.stored[before]
	if path == before {
		s.now.sealed = append(s.now.sealed, old)
		return
	}
	value, err := s.secrets.open(s.now.holder, old)
	if err != nil {
		p.Add(at(path.steps()), "The stored secret cannot be read. Send it again.")
		return
	}
	s.now.moved = true
	s.seal(path, value)
}

// set stores a secret that was sent. One that is the same as before stays as it is, so that
// sending it again changes nothing.
func (s *sealer) set(path Path, value string) {
	if s.err != nil {
		return
	}
	if old, ok := s.stored[path]; ok {
		if before, err := s.secrets.open(s.now.holder, old); err == nil && bytes.Equal(before, []byte(value)) {
			s.now.sealed = append(s.now.sealed, old)
			return
		}
	}
	s.now.set = append(s.now.set, path)
	s.seal(path, []byte(value))
}

// drop notes which stored secrets are gone.
func (s *sealer) drop(kept map[Path]Path) {
	stays := map[Path]bool{}
	for _, before := range kept {
		stays[before] = true
	}
	for _, v := range s.now.sealed {
		stays[v.Path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(s.stored)) {
		if !stays[path] {
			s.now.removed = append(s.now.removed, path)
		}
	}
}

// withoutSecrets returns a resource as it may be shown. Its configuration has no secrets unless a
// server of an older version has just stored it, or one with fewer secret names.
func (s Secrets) withoutSecrets(r Resource) Resource {
	r.Config = s.Names.divide(r.Config).public
	return r
}

// keepSecrets stores the secrets of a configuration.
func (c *changing) keepSecrets(ctx context.Context, n configured) error {
	if !n.changed() {
		return nil
	}
	return c.Sealing.SaveSealed(ctx, n.holder, n.sealed)
}

// maxNamed is the maximum number of secrets that an event names.
const maxNamed = 20

// tell adds to the state for the audit log which secrets changed: their names, and nothing
// that depends on a value.
func (n configured) tell(after state) {
	for key, paths := range map[string][]Path{"secretsSet": n.set, "secretsRemoved": n.removed} {
		if len(paths) == 0 {
			continue
		}
		names := make([]string, 0, maxNamed+1)
		for _, path := range paths[:min(len(paths), maxNamed)] {
			names = append(names, path.String())
		}
		if len(paths) > maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(paths)-maxNamed))
		}
		after[key] = names
	}
}
