// Package openapi provides the OpenAPI 3.1 document of the JSON API: as JSON for programs,
// and as [Group] and [Operation] values for the page that shows it.
//
// The document is written by hand, with one file per area in the folder document: base.yaml
// has what all areas share, every other file adds paths, tags and components. Tests compare
// it with the route table and with real responses. The package itself serves nothing.
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

// Document is the OpenAPI document, read on first use. It is safe for concurrent use.
type Document struct{ read func() (content, error) }

type content struct {
	json   []byte
	groups []Group
	about  About
}

// New returns the embedded document without reading it.
func New() *Document { return NewBelow("") }

// NewBelow is New for a server below a path, e.g. "/latchkey", or "" at the root.
func NewBelow(below string) *Document {
	return &Document{sync.OnceValues(func() (content, error) { return read(below) })}
}

// JSON returns the document for programs. An error means a mistake in the embedded files.
func (d *Document) JSON() ([]byte, error) {
	c, err := d.read()
	return c.json, err
}

// Groups returns the operations by tag, in the order of the document.
func (d *Document) Groups() ([]Group, error) {
	c, err := d.read()
	return c.groups, err
}

// About returns the title and description of the document.
func (d *Document) About() (About, error) {
	c, err := d.read()
	return c.about, err
}

func read(below string) (content, error) {
	merged, err := merge(files)
	if err != nil {
		return content{}, err
	}
	if below != "" {
		merged = merged.with("servers", []map[string]string{{"url": below}})
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

// merge joins the tags, paths and components of all files.
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
