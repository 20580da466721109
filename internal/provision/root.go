package provision

import "strings"

// Providers write the attributes of the core schema at the root of a resource, in an object under
// the schema's URN, or with the URN as a prefix of each name (RFC 7644 §3.10). All three mean the
// same. A deactivation that came in one of them and was stored as if the URN were an extension
// would have no effect, so this file is the only place that tells them apart.

// root returns the attributes of the core schema and the extensions of an object that stands for a
// whole resource: the URN of the core schema is the root itself, nested or as a prefix, in any
// letter case. A path with the URN, like that of a sub-attribute, stays a path with the URN. It
// leaves out "schemas". The error is InvalidSyntax if an attribute occurs twice,
// and InvalidValue if the URN has a value that is no object.
func (t Resource) root(object map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(object))
	return out, t.unfold(out, map[string]bool{}, object)
}

func (t Resource) unfold(out map[string]any, seen map[string]bool, object map[string]any) error {
	for _, key := range sortedKeys(object) {
		name, ours := under(t.Core.ID, key)
		value := object[key]
		if ours && name == "" {
			nested, ok := value.(map[string]any)
			if !ok && value != nil {
				return invalid(InvalidValue, "The value of %s must be an object.", t.Core.ID)
			}
			if err := t.unfold(out, seen, nested); err != nil {
				return err
			}
			continue
		}
		if strings.EqualFold(name, "schemas") {
			continue
		}
		folded := strings.ToLower(name)
		if seen[folded] {
			return invalid(InvalidSyntax, "The attribute %s is repeated.", cut(name))
		}
		seen[folded] = true
		if ours && strings.ContainsAny(name, ".[") {
			name = t.Core.ID + ":" + name // a path, not a name
		}
		out[name] = value
	}
	return nil
}

// under returns a path without the URN of a schema, and reports whether it had one, in any letter
// case. The path is "" for the URN alone.
func under(id, path string) (rest string, ours bool) {
	if len(path) < len(id) || !strings.EqualFold(path[:len(id)], id) {
		return path, false
	}
	if rest = path[len(id):]; rest == "" || rest[0] == ':' {
		return strings.TrimPrefix(rest, ":"), true
	}
	return path, false
}

// isCore reports whether a URI is in the namespace of core schemas, of this version or an earlier
// one, where no extension can be.
func isCore(uri string) bool {
	folded := strings.ToLower(uri)
	return strings.HasPrefix(folded, "urn:ietf:params:scim:schemas:core:") || strings.HasPrefix(folded, "urn:scim:schemas:core:")
}

// namesExtension returns the extension that a path or key names as a whole: one in the schema, one
// that the document has, or a URN that ends with the resource type, as those of extensions do
// ("urn:acme:2.0:User"). Any other path is that of an attribute.
func (t Resource) namesExtension(doc Document, path string) (Schema, bool) {
	if ext, ok := t.extension(path); ok {
		return ext, true
	}
	if !strings.HasPrefix(strings.ToLower(path), "urn:") || isCore(path) {
		return Schema{}, false
	}
	id := extensionKey(doc, path)
	if _, there := doc[id].(map[string]any); there {
		return Schema{ID: id}, true
	}
	last := path[strings.LastIndexByte(path, ':')+1:]
	return Schema{ID: id}, strings.EqualFold(last, t.Name) && len(path) <= maxName
}

// extensionKey returns the key under which the document has an extension, in whatever letter case
// it was sent first; otherwise the URI itself.
func extensionKey(doc Document, uri string) string {
	if _, there := doc[uri]; there {
		return uri
	}
	found := ""
	for key := range doc {
		if strings.EqualFold(key, uri) && (found == "" || key < found) {
			found = key
		}
	}
	if found != "" {
		return found
	}
	return uri
}
