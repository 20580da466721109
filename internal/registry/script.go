package registry

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Languages returns the languages of transformations and libraries.
func Languages() []string { return []string{"javascript", "python", "pythonfaas"} }

// maxCode is the maximum size of a version's code in bytes.
const maxCode = 512 << 10

// ScriptForm is a caller's input for a transformation or a library; nil fields as in [Form].
type ScriptForm struct {
	Name        *string
	Description *string
	Language    *string // required for a new one
	Code        *string // required for a new one
	ExternalID  *string // only when creating
}

// Script returns a transformation or a library (typ) with the version to show, to a caller in
// the workspace; NotFound otherwise.
func (s *Service) Script(ctx context.Context, by actor.Standing, workspace, typ, id string) (Script, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Script{}, err
	}
	r, err := s.store.RegistryResource(ctx, w.ID, typ, id)
	if err != nil {
		return Script{}, err
	}
	return loadScript(ctx, s.store, r)
}

// loadScript adds the version to show, or an empty version if there is none.
func loadScript(ctx context.Context, r versionReader, of Resource) (Script, error) {
	if of.ShownVersion == "" {
		return Script{Resource: of, Version: emptyVersion(of)}, nil
	}
	v, err := r.Version(ctx, of.Workspace, of.Type, of.ShownVersion)
	return Script{Resource: of, Version: v}, err
}

func emptyVersion(of Resource) Version {
	return Version{Resource: of.ID, Name: of.Name, Description: of.Description, Language: Languages()[0], CreatedAt: of.CreatedAt}
}

// Scripts returns a page of transformations or libraries with their versions to show.
func (s *Service) Scripts(ctx context.Context, by actor.Standing, workspace, typ string, q Query) (List[Script], error) {
	found, err := s.List(ctx, by, workspace, typ, q)
	if err != nil {
		return List[Script]{}, err
	}
	shown, err := s.store.ShownVersions(ctx, workspace, typ)
	if err != nil {
		return List[Script]{}, err
	}
	out := List[Script]{Total: found.Total, More: found.More, Items: make([]Script, len(found.Items))}
	for i, r := range found.Items {
		v, ok := shown[r.ID]
		if !ok {
			v = emptyVersion(r)
		}
		out.Items[i] = Script{Resource: r, Version: v}
	}
	return out, nil
}

// ScriptVersion returns one version of a transformation or library, published or not.
func (s *Service) ScriptVersion(ctx context.Context, by actor.Standing, workspace, typ, id, version string) (Script, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Script{}, err
	}
	r, err := s.store.RegistryResource(ctx, w.ID, typ, id)
	if err != nil {
		return Script{}, err
	}
	v, err := s.store.Version(ctx, w.ID, typ, version)
	if err == nil && v.Resource != r.ID {
		err = fault.NewNotFound("That version")
	}
	return Script{Resource: r, Version: v}, err
}

// CreateScript creates a transformation or a library with its first version, published or not.
// Errors are those of Create.
func (s *Service) CreateScript(ctx context.Context, by actor.Caller, workspace, typ string, form ScriptForm, publish bool) (Script, error) {
	var made Script
	err := s.change(ctx, by, workspace, func(c *changing) error {
		if err := c.may(Resource{Type: typ}, rightsOf(typ).create...); err != nil {
			return err
		}
		var p fault.Problems
		made = Script{Resource: Resource{Type: typ, Enabled: true, Config: "{}", Version: 1, ExternalID: checkExternalID(&p, form.ExternalID)}}
		made.Version = form.fill(&p, Version{}, true)
		if err := p.Err(invalidText); err != nil {
			return err
		}
		made.Name, made.Resource.Description = made.Version.Name, made.Version.Description
		if err := c.add(ctx, &made.Resource); err != nil {
			return err
		}
		return c.addVersion(ctx, &made, publish)
	})
	return made, err
}

// fill returns v with the changes in the form. It records problems in p.
func (f ScriptForm) fill(p *fault.Problems, v Version, isNew bool) Version {
	require := func(path string, value *string) {
		if isNew && value == nil {
			p.Add(path, "This is required.")
		}
	}
	require(fieldName, f.Name)
	require(fieldLanguage, f.Language)
	require(fieldCode, f.Code)
	if f.Name != nil {
		v.Name = checkText(p, fieldName, *f.Name, maxName)
	}
	if f.Description != nil {
		v.Description = checkDescription(p, *f.Description)
	}
	if f.Language != nil {
		if v.Language = *f.Language; !slices.Contains(Languages(), v.Language) {
			p.Add(fieldLanguage, "Use one of: "+strings.Join(Languages(), ", ")+".")
		}
	}
	if f.Code != nil {
		if v.Code = *f.Code; len(v.Code) > maxCode {
			p.Add(fieldCode, "Use at most 512 KiB of code.")
		}
		storable(p, fieldCode, v.Code)
	}
	return v
}

// addVersion stores the script's version as a new one. The new version becomes the one to show
// if it is published or none is.
func (c *changing) addVersion(ctx context.Context, script *Script, publish bool) error {
	id, err := c.newID()
	if err != nil {
		return err
	}
	v := script.Version
	v.ID, v.Resource, v.CreatedAt, v.CreatedBy = id, script.ID, c.Now(), c.By().Name
	if script.Version, err = c.AddVersion(ctx, v); err != nil {
		return err
	}
	if publish {
		return c.publish(ctx, script)
	}
	if script.Published {
		return nil
	}
	return c.show(ctx, script)
}

// show makes the script's version the one to show.
func (c *changing) show(ctx context.Context, script *Script) error {
	r := &script.Resource
	r.ShownVersion, r.Name, r.Description, r.UpdatedAt = script.Version.ID, script.Version.Name, script.Version.Description, c.Now()
	return c.SaveResource(ctx, *r)
}

func (c *changing) publish(ctx context.Context, script *Script) error {
	if err := c.MarkPublished(ctx, script.Version.ID); err != nil {
		return err
	}
	script.Version.PublishedAt, script.Published = c.Now(), true
	if err := c.show(ctx, script); err != nil {
		return err
	}
	after := state{"versionId": script.Version.ID, "number": script.Version.Number}
	return c.record(ctx, audit.Published, script.target(), nil, after)
}

// UpdateScript saves a new version of a transformation or a library. Unless the new one is
// published, a version published before stays in use and is the one to show. Publishing the
// same text as the newest published version changes nothing.
func (s *Service) UpdateScript(ctx context.Context, by actor.Caller, workspace, typ, id string, form ScriptForm,
	publish bool) (Script, error) {
	var changed Script
	err := s.change(ctx, by, workspace, func(c *changing) error {
		held, err := c.HoldResource(ctx, c.workspace.ID, typ, id)
		if err != nil {
			return err
		}
		if err := c.may(held, rightsOf(typ).edit...); err != nil {
			return err
		}
		if changed, err = loadScript(ctx, c, held); err != nil {
			return err
		}
		old := changed.Version
		var p fault.Problems
		if form.ExternalID != nil && *form.ExternalID != held.ExternalID {
			p.Add(fieldExternalID, "The external id cannot be changed here. Set it with PUT …/external-id.")
		}
		changed.Version = form.fill(&p, Version{Name: old.Name, Description: old.Description, Language: old.Language, Code: old.Code}, false)
		if err := p.Err(invalidText); err != nil {
			return err
		}
		if changed.Version.sameText(old) && held.Published == publish {
			changed.Version = old
			return nil
		}
		before := changed.state()
		if err := c.addVersion(ctx, &changed, publish); err != nil {
			return err
		}
		after := changed.state()
		after["versionId"], after["number"] = changed.Version.ID, changed.Version.Number
		return c.record(ctx, audit.Updated, changed.target(), before, after)
	})
	return changed, err
}

func (v Version) sameText(o Version) bool {
	return v.Name == o.Name && v.Description == o.Description && v.Language == o.Language && v.Code == o.Code
}

// Publication names the versions to publish together.
type Publication struct{ Transformations, Libraries []string }

// Publish publishes all the named versions or none. It requires Edit on each transformation,
// and Edit on libraries; the error is Denied otherwise. It is Invalid if a version does not
// exist or two belong to one resource.
func (s *Service) Publish(ctx context.Context, by actor.Caller, workspace string, what Publication) error {
	return s.change(ctx, by, workspace, func(c *changing) error {
		batch := publishing{changing: c, seen: map[string]bool{}}
		if len(what.Transformations)+len(what.Libraries) == 0 {
			batch.problems.Add("transformations", "Name at least one version.")
		}
		if err := batch.publishAll(ctx, Transformation, "transformations", what.Transformations); err != nil {
			return err
		}
		if err := batch.publishAll(ctx, Library, "libraries", what.Libraries); err != nil {
			return err
		}
		return batch.problems.Err(invalidText)
	})
}

// publishing is a batch in progress. Problems cause a rollback.
type publishing struct {
	*changing
	seen     map[string]bool // resources
	problems fault.Problems
}

func (b *publishing) publishAll(ctx context.Context, typ, list string, versions []string) error {
	for i, id := range versions {
		path := list + "[" + strconv.Itoa(i) + "].versionId"
		v, err := Version{}, error(fault.NewNotFound("That version"))
		if plaintext.PossibleID(id) {
			v, err = b.Version(ctx, b.workspace.ID, typ, id)
		}
		if fault.Is(err, fault.NotFound) {
			b.problems.Add(path, "There is no such version in this workspace.")
			continue
		}
		if err != nil {
			return err
		}
		r, err := b.HoldResource(ctx, b.workspace.ID, typ, v.Resource)
		if err != nil {
			return err
		}
		if err := b.may(r, rightsOf(typ).edit...); err != nil {
			return err
		}
		if b.seen[r.ID] {
			b.problems.Add(path, "The list has another version of the same resource.")
			continue
		}
		b.seen[r.ID] = true
		if r.Published && r.ShownVersion == v.ID {
			continue
		}
		if err := b.publish(ctx, &Script{Resource: r, Version: v}); err != nil {
			return err
		}
	}
	return nil
}
