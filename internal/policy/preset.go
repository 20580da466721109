package policy

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Extent is how far a permission of a preset reaches. A preset names no resources, because it is for
// every workspace: those are chosen when it is used.
type Extent string

// The extents.
const (
	AllResources    Extent = "all"
	ChosenResources Extent = "chosen"
	ChosenAndFuture Extent = "chosen_and_future" // the chosen ones and all that are made later
)

// Preset is a starting point for policies that somebody saved for the organization. It grants nothing
// itself, and a policy that was made from it does not follow it.
type Preset struct {
	ID            string
	Organization  string
	Name          string
	Grants        map[access.Permission]Extent
	CreatedBy     string // id of the member who saved it
	CreatedByName string // their name at that time
	CreatedAt     time.Time
}

// PresetStore is what [Presets] reads outside a transaction, and how it begins one.
type PresetStore interface {
	PresetReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(PresetTx) error) error
}

// PresetTx is what [Presets] does inside a transaction.
type PresetTx interface {
	account.Tx
	PresetReads
	// InsertPreset adds a preset. The error is Conflict if its name is taken.
	InsertPreset(ctx context.Context, p Preset) error
	// DeletePreset deletes a preset. The error is NotFound if there is none.
	DeletePreset(ctx context.Context, organization, id string) error
}

// PresetReads is what [Presets] reads inside and outside a transaction.
type PresetReads interface {
	// Presets returns the presets of an organization, sorted by name.
	Presets(ctx context.Context, organization string) ([]Preset, error)
}

// Presets is the use cases of the presets that an organization saves. It is safe for concurrent use.
type Presets struct {
	store     PresetStore
	catalogue *access.Catalogue
}

// NewPresets returns the use cases of presets.
func NewPresets(store PresetStore, catalogue *access.Catalogue) *Presets {
	return &Presets{store: store, catalogue: catalogue}
}

// List returns the organization's presets, sorted by name. The error is Denied unless the caller may
// save presets.
func (s *Presets) List(ctx context.Context, by actor.Standing) ([]Preset, error) {
	if err := account.May(s.catalogue, by, access.SavePresets); err != nil {
		return nil, err
	}
	return s.store.Presets(ctx, by.Organization)
}

// Get returns a preset to those who may delete it. The error is Denied for everyone else, and NotFound
// if there is none in the organization.
func (s *Presets) Get(ctx context.Context, by actor.Standing, id string) (Preset, error) {
	if err := account.May(s.catalogue, by, access.DeletePresets); err != nil {
		return Preset{}, err
	}
	presets, err := s.store.Presets(ctx, by.Organization)
	if err != nil {
		return Preset{}, err
	}
	return findPreset(presets, id)
}

func findPreset(presets []Preset, id string) (Preset, error) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.ID == id })
	if i < 0 {
		return Preset{}, fault.NewNotFound("That preset")
	}
	return presets[i], nil
}

// Save saves a new preset. The error is Denied unless the caller may save presets and there are fewer
// than [access.MaxPresets]. It is Invalid with the field "name" if that is none or taken, and with the
// permission as the field if it is unknown or cannot be limited.
func (s *Presets) Save(ctx context.Context, by actor.Caller, name string, grants map[access.Permission]Extent) (Preset, error) {
	p := Preset{ID: ksuid.New().String(), Grants: maps.Clone(grants)}
	err := account.Change(ctx, s.store.InTx, s.catalogue, by, access.SavePresets, func(tx PresetTx, org account.Organization) error {
		presets, err := tx.Presets(ctx, org.ID)
		if err != nil {
			return err
		}
		if err := access.Room(len(presets), access.MaxPresets, "An organization", "policy presets"); err != nil {
			return err
		}
		if p.Name, err = s.check(presets, name, grants); err != nil {
			return err
		}
		p.Organization, p.CreatedBy, p.CreatedByName, p.CreatedAt = org.ID, tx.By().ID, tx.By().Name, tx.Now()
		if err := tx.InsertPreset(ctx, p); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, p.target()).Changed("", p.description()))
	})
	if err != nil {
		return Preset{}, err
	}
	return p, nil
}

// check returns the name as it is stored, and what is wrong with it and the grants.
func (s *Presets) check(presets []Preset, name string, grants map[access.Permission]Extent) (string, error) {
	var problems fault.Problems
	clean, err := plaintext.Name(name)
	taken := func(p Preset) bool { return plaintext.SameName(p.Name, clean) }
	switch {
	case err != nil:
		problems.Add("name", fault.Of(err).Message)
	case s.catalogue.IsPresetName(clean) || slices.ContainsFunc(presets, taken):
		problems.Add("name", "A preset with this name already exists. Choose another name.")
	}
	for _, permission := range slices.Sorted(maps.Keys(grants)) {
		entry, known := s.catalogue.Lookup(permission)
		extent := grants[permission]
		switch {
		case !known:
			problems.Add(string(permission), "There is no such permission.")
		case extent != AllResources && (!entry.Limitable || extent != ChosenResources && extent != ChosenAndFuture):
			problems.Add(string(permission), s.catalogue.Describe(permission)+" cannot be limited like this.")
		}
	}
	return clean, problems.Err("This preset cannot be saved.")
}

// Delete deletes a preset. Policies that were made from it stay as they are. The error is Denied unless
// the caller may delete presets, and NotFound if there is none.
func (s *Presets) Delete(ctx context.Context, by actor.Caller, id string) (Preset, error) {
	var p Preset
	err := account.Change(ctx, s.store.InTx, s.catalogue, by, access.DeletePresets, func(tx PresetTx, org account.Organization) error {
		presets, err := tx.Presets(ctx, org.ID)
		if err != nil {
			return err
		}
		if p, err = findPreset(presets, id); err != nil {
			return err
		}
		if err := tx.DeletePreset(ctx, org.ID, id); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, p.target()).Changed(p.description(), ""))
	})
	return p, err
}

func (p Preset) target() audit.Target {
	return audit.Target{Type: audit.TargetPreset, ID: p.ID, Name: p.Name}
}

// description returns what an event records about the preset, as JSON.
func (p Preset) description() string {
	text, err := json.Marshal(map[string]any{"name": p.Name, "grants": p.Grants})
	if err != nil { // maps of texts can always be marshaled
		return ""
	}
	return string(text)
}
