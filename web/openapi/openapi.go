// Package openapi holds the OpenAPI 3.1 document of the JSON API and reads it: as JSON for
// programs, and as [Group] and [Operation] values for the page that shows it.
//
// The document is kept by hand, a file per area in the folder document: base.yaml has what
// all areas share, every other file adds paths, tags and components. Tests hold it against
// the table of routes and against real answers. The package serves nothing itself.
package openapi

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed document
var files embed.FS

const baseFile = "document/base.yaml"

// Document is the OpenAPI document. It is read on first use and then kept. It is safe for
// concurrent use.
type Document struct{ read func() (content, error) }

type content struct {
	json   []byte
	groups []Group
	about  About
}

// New returns the embedded document, not yet read.
func New() *Document { return &Document{sync.OnceValues(read)} }

// JSON is the document for programs. The error is a mistake in the embedded files.
func (d *Document) JSON() ([]byte, error) {
	c, err := d.read()
	return c.json, err
}

// Groups lists the operations by tag, in the order of the document.
func (d *Document) Groups() ([]Group, error) {
	c, err := d.read()
	return c.groups, err
}

// About is the document's own title and description.
func (d *Document) About() (About, error) {
	c, err := d.read()
	return c.about, err
}

func read() (content, error) {
	merged, err := merge(files)
	if err != nil {
		return content{}, err
	}
	c := content{}
	if c.json, err = json.Marshal(merged); err != nil {
		return content{}, fmt.Errorf("openapi: %w", err)
	}
	var d document
	if err := json.Unmarshal(c.json, &d); err != nil {
		return content{}, fmt.Errorf("openapi: %w", err)
	}
	c.about, c.groups = d.Info, d.groups(orderOf(merged))
	return c, nil
}

// merge joins the files: tags, paths and components of all of them.
func merge(from fs.FS) (ordered, error) {
	base, err := load(from, baseFile)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(from, "document/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == baseFile {
			continue
		}
		part, err := load(from, name)
		if err != nil {
			return nil, err
		}
		if base, err = base.join(part); err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", name, err)
		}
	}
	return base, nil
}

func load(from fs.FS, name string) (ordered, error) {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	var m yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(data, &m, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", name, err)
	}
	return orderedOf(m), nil
}
