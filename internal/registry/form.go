package registry

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Form is a caller's input for a resource. For a nil field a new resource gets the default and
// an existing one keeps its value.
type Form struct {
	Name          *string
	Definition    *string // required for new sources and destinations; never changes
	Description   *string
	ExternalID    *string // only when creating
	Enabled       *bool   // true by default
	Config        *string // JSON text that the caller has checked; {} by default
	Version       *int64
	GeoEnrichment *bool
	Transient     *bool
}

// The names of fields in the public API, for problems.
const (
	fieldName        = "name"
	fieldType        = "type"
	fieldDescription = "description"
	fieldExternalID  = "externalId"
	fieldVersion     = "version"
	fieldLanguage    = "language"
	fieldCode        = "code"
)

// Maximum lengths, in characters.
const (
	maxName        = 255
	maxDefinition  = 128
	maxDescription = 4000
	maxExternalID  = 255
)

const invalidText = "Some fields need your attention."

// complete returns a new resource from the form. The error is Invalid with every problem.
func (f Form) complete(typ string) (Resource, error) {
	r := Resource{Type: typ, Enabled: true, Config: "{}", Version: 1}
	var p fault.Problems
	if f.Name == nil {
		p.Add(fieldName, "A name is required.")
	}
	if f.Definition == nil && hasDefinition(typ) {
		p.Add(fieldType, "A type is required.")
	}
	r.ExternalID = checkExternalID(&p, f.ExternalID)
	if f.Definition != nil {
		r.Definition = checkText(&p, fieldType, *f.Definition, maxDefinition)
	}
	f.Definition, f.ExternalID = nil, nil
	f.fill(&p, &r)
	return r, p.Err(invalidText)
}

// apply returns r with the changes in the form. The error is Invalid with every problem.
func (f Form) apply(r Resource) (Resource, error) {
	var p fault.Problems
	if f.Definition != nil && *f.Definition != r.Definition {
		p.Add(fieldType, "The type cannot be changed from "+strconv.Quote(r.Definition)+".")
	}
	if f.ExternalID != nil && *f.ExternalID != r.ExternalID {
		p.Add(fieldExternalID, "The external id cannot be changed here. Set it with PUT …/external-id.")
	}
	if f.Name != nil && *f.Name == r.Name {
		f.Name = nil // an existing name may stay, even if the rules have changed
	}
	f.fill(&p, &r)
	return r, p.Err(invalidText)
}

// fill sets the fields that can be set both when creating and when changing.
func (f Form) fill(p *fault.Problems, r *Resource) {
	if f.Name != nil {
		r.Name = checkText(p, fieldName, *f.Name, maxName)
	}
	if f.Description != nil {
		r.Description = checkDescription(p, *f.Description)
	}
	if f.Enabled != nil {
		r.Enabled = *f.Enabled
	}
	if f.Config != nil {
		r.Config = *f.Config
	}
	if f.Version != nil && r.Type == Destination {
		if *f.Version < 1 {
			p.Add(fieldVersion, "The version must be a whole number from 1.")
		}
		r.Version = *f.Version
	}
	if f.GeoEnrichment != nil {
		r.GeoEnrichment = f.GeoEnrichment
	}
	if f.Transient != nil {
		r.Transient = f.Transient
	}
}

func hasDefinition(typ string) bool { return typ == Source || typ == Destination }

// checkText checks a required line of text. It does not trim it, because a client must read
// exactly what it wrote.
func checkText(p *fault.Problems, path, text string, most int) string {
	switch {
	case strings.TrimSpace(text) == "":
		p.Add(path, "This must not be empty.")
	case utf8.RuneCountInString(text) > most:
		p.Add(path, "Use at most "+strconv.Itoa(most)+" characters.")
	case !plaintext.Showable(text):
		p.Add(path, "This contains unprintable characters.")
	}
	return text
}

// checkDescription checks a text of several lines, which may be empty.
func checkDescription(p *fault.Problems, text string) string {
	if utf8.RuneCountInString(text) > maxDescription {
		p.Add(fieldDescription, "Use at most "+strconv.Itoa(maxDescription)+" characters.")
	}
	storable(p, fieldDescription, text)
	return text
}

// storable refuses a text that a database cannot store.
func storable(p *fault.Problems, path, text string) {
	if !plaintext.Storable(text) {
		p.Add(path, "This contains characters that cannot be stored.")
	}
}

// checkExternalID checks an external id. nil and "" mean none.
func checkExternalID(p *fault.Problems, id *string) string {
	if id == nil || *id == "" {
		return ""
	}
	return checkText(p, fieldExternalID, *id, maxExternalID)
}
