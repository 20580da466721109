package provision

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// document returns the user as the provider sent it, without attributes that only Latchkey
// sets, and without those that it did not send (see [User.unsent]). For a member that the provider never changed, it returns Latchkey's own data.
func (u User) document() (Document, error) {
	doc := Document{}
	if u.Linked {
		parsed, err := ParseBody([]byte(u.Document))
		if err != nil {
			return nil, fault.NewInternal(err)
		}
		doc = Document(parsed)
		doc.dropCore()
	} else {
		doc["schemas"] = []any{SchemaUser}
	}
	// Use the name as it was sent, unless the member has changed it since.
	if sent, ok := doc["displayName"].(string); !u.Linked || ok && !namedLike(sent, u.Name) {
		doc["displayName"] = u.Name
	}
	if plaintext.Fold(doc.text("userName")) != u.Email {
		doc["userName"] = u.Email
	}
	if u.ExternalID != "" {
		doc["externalId"] = u.ExternalID
	}
	doc["active"] = u.Status == account.Active
	return doc, nil
}

// dropCore removes what an earlier version stored of the core schema as if it were an extension: under
// its URN, or, from a path that was the URN, under the part before the last colon. It has no effect.
func (d Document) dropCore() {
	parent := strings.TrimSuffix(SchemaUser, ":User")
	for key := range d {
		if _, ours := under(SchemaUser, key); ours || strings.EqualFold(key, parent) {
			delete(d, key)
		}
	}
	if list, ok := d["schemas"].([]any); ok {
		d["schemas"] = slices.DeleteFunc(list, func(v any) bool {
			urn, _ := v.(string)
			return strings.EqualFold(urn, parent)
		})
	}
}

// withAddress returns doc with the member's address if doc has no addresses.
func withAddress(doc Document, address string) Document {
	if _, ok := doc["emails"]; ok {
		return doc
	}
	doc = maps.Clone(doc)
	doc["emails"] = []any{map[string]any{"value": address, "type": "work", "primary": true}}
	return doc
}

// unsent returns the attributes that a client gets although the document lacks them: the member's
// address and name. They follow the member, so they are never stored.
func (u User) unsent(doc Document) Document {
	out := Document{}
	if _, ok := doc["emails"]; !ok {
		out["emails"] = withAddress(out, u.Email)["emails"]
	}
	if _, ok := doc["displayName"]; !ok {
		out["displayName"] = u.Name
	}
	if _, ok := doc["name"]; !ok {
		out["name"] = nameParts(u.Name)
	}
	return out
}

// nameParts returns a display name as the attribute name: the last word is the family name. One
// word is both, because a provider's test of a server insists on both.
func nameParts(name string) map[string]any {
	given, family := name, name
	if words := strings.Fields(name); len(words) > 1 {
		given, family = strings.Join(words[:len(words)-1], " "), words[len(words)-1]
	}
	return map[string]any{"givenName": given, "familyName": family}
}

// forClient returns doc as a client gets it: with the attributes that it lacks.
func (u User) forClient(doc Document) Document {
	doc = maps.Clone(doc)
	maps.Copy(doc, u.unsent(doc))
	return doc
}

// patch applies operations to the user's document as a client gets it, because that is what the
// client wants to change: the filter in emails[type eq "work"] finds an address that only Latchkey
// has set. What the document lacked and no operation mentions stays out of it.
func (u User) patch(t Resource, doc Document, operations []Operation) (Document, error) {
	unsent := u.unsent(doc)
	if _, named := doc["displayName"]; !named {
		// The document has no name that the client could change a part of: its parts name the member.
		delete(unsent, "displayName")
		delete(unsent, "name")
	}
	from := maps.Clone(doc)
	maps.Copy(from, unsent)
	after, err := t.patch(from, operations)
	if err != nil {
		return nil, err
	}
	for name := range unsent {
		if !slices.ContainsFunc(operations, func(o Operation) bool { return t.mentions(o, name) }) {
			delete(after, name)
		}
	}
	return after, nil
}

// mentions reports whether an operation changes an attribute of the core schema, or a part of it.
func (t Resource) mentions(o Operation, name string) bool {
	if path, _ := under(t.Core.ID, o.Path); path != "" {
		return isPartOf(path, name)
	}
	object, _ := o.Value.(map[string]any)
	for key, value := range object {
		path, ours := under(t.Core.ID, key)
		if isPartOf(path, name) || ours && path == "" && t.mentions(Operation{Value: value}, name) {
			return true
		}
	}
	return false
}

// isPartOf reports whether a path is that of an attribute or of a part of it.
func isPartOf(path, name string) bool {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		path = path[:i]
	}
	return strings.EqualFold(strings.TrimSpace(path), name)
}

// stored returns the document as it is stored, without what the member itself has. The error is
// a Problem of type InvalidValue if it is too large.
func stored(doc Document) (string, error) {
	kept := Document{}
	for key, value := range doc {
		switch key {
		case "id", "meta", "groups", "active", "externalId":
		default:
			kept[key] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return "", fault.NewInternal(err)
	}
	if len(text) > maxDocument {
		return "", invalid(InvalidValue, "The resource is larger than %d bytes.", maxDocument)
	}
	return string(text), nil
}

// email returns the address that identifies the user. The error is a Problem of type
// InvalidValue if there is none.
func email(doc Document) (string, error) {
	name := doc.text("userName")
	if name == "" {
		return "", invalid(InvalidValue, "The attribute userName is required.")
	}
	address, err := plaintext.Email(name)
	if err != nil {
		return "", invalid(InvalidValue, "The attribute userName must be an email address.")
	}
	return address, nil
}

// displayName returns the name in a document: displayName, otherwise a name made from the parts
// of name, otherwise "". Only an explicit displayName can cause an error.
func displayName(doc Document) (string, error) {
	if sent := doc.text("displayName"); strings.TrimSpace(sent) != "" {
		name, err := personName(sent)
		if err != nil {
			return "", invalid(InvalidValue, "The attribute displayName cannot be %q. %s", cut(sent), fault.Of(err).Message)
		}
		return name, nil
	}
	parts, _ := doc["name"].(map[string]any)
	part := Document(parts).text
	for _, name := range []string{part("formatted"), part("givenName") + " " + part("familyName")} {
		if clean, err := personName(name); err == nil {
			return clean, nil
		}
	}
	return "", nil
}

// personName returns a person's name as the member has it. A name that somebody pasted into the
// directory with invisible characters is cleaned, because a name should not keep a person out. The
// provider still gets it back as it came.
func personName(sent string) (string, error) {
	if name, err := plaintext.Name(sent); err == nil {
		return name, nil
	}
	return plaintext.Name(plaintext.Clean(sent))
}

// namedLike reports whether name is the one that a provider sent.
func namedLike(sent, name string) bool {
	clean, err := personName(sent)
	return err == nil && clean == name || strings.TrimSpace(sent) == name
}

// elements returns the searchable values of a document, except those that the member itself
// has. It leaves out binary and very long values.
func (t Resource) elements(doc Document) []Element {
	list := elementsOf("", t.Core.Attributes, doc)
	for _, ext := range t.Extensions {
		if inner, ok := doc[ext.ID].(map[string]any); ok {
			list = append(list, elementsOf(ext.ID+":", ext.Attributes, inner)...)
		}
	}
	return list
}

const (
	maxElement  = 1024 // bytes of a value that can be searched
	maxElements = 256  // of one user
)

func elementsOf(prefix string, attributes []Attribute, in map[string]any) []Element {
	var list []Element
	add := func(e Element) {
		if len(e.Value) <= maxElement && len(e.Display) <= maxElement && len(list) < maxElements {
			list = append(list, e)
		}
	}
	for _, a := range attributes {
		value, ok := in[a.Name]
		if !ok || a.ReadOnly {
			continue
		}
		switch value := value.(type) {
		case string:
			if !onMember(prefix + a.Name) {
				add(Element{Attribute: prefix + a.Name, Value: searchable(a, value)})
			}
		case []any:
			for _, v := range value {
				if m, ok := v.(map[string]any); ok {
					add(elementOf(prefix+a.Name, a, m))
				}
			}
		case map[string]any:
			for _, sub := range a.Sub {
				if text, ok := value[sub.Name].(string); ok {
					add(Element{Attribute: prefix + a.Name + "." + sub.Name, Value: searchable(sub, text)})
				}
			}
		}
	}
	return list
}

// onMember reports whether the member itself has the attribute.
func onMember(name string) bool {
	return name == "userName" || name == "displayName" || name == "externalId"
}

func elementOf(name string, a Attribute, m map[string]any) Element {
	e := Element{Attribute: name}
	for _, sub := range a.Sub {
		text, _ := m[sub.Name].(string)
		switch sub.Name {
		case "value":
			if sub.Type != Binary {
				e.Value = searchable(sub, text)
			}
		case "display":
			e.Display = plaintext.Fold(text)
		case "type":
			e.Kind = plaintext.Fold(text)
		case "primary":
			e.Primary, _ = m[sub.Name].(bool)
		}
	}
	return e
}

func searchable(a Attribute, text string) string {
	if a.CaseExact {
		return text
	}
	return plaintext.Fold(text)
}
