package provision

import (
	"encoding/json"
	"maps"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// document is the user as the provider knows it, without what only Latchkey sets. For a
// member that was never written it is what Latchkey knows.
func (u User) document() (Document, error) {
	doc := Document{}
	if u.Linked {
		parsed, err := ParseBody([]byte(u.Document))
		if err != nil {
			return nil, fault.NewInternal(err)
		}
		doc = parsed
	} else {
		doc["schemas"] = []any{SchemaUser}
	}
	// The name, as it was sent, unless the member changed it since.
	if sent, ok := doc["displayName"].(string); !u.Linked || ok && strings.TrimSpace(sent) != u.Name {
		doc["displayName"] = u.Name
	}
	if plaintext.Fold(doc.text("userName")) != u.Email {
		doc["userName"] = u.Email
	}
	doc = withAddress(doc, u.Email)
	if u.ExternalID != "" {
		doc["externalId"] = u.ExternalID
	}
	doc["active"] = u.Status == account.Active
	return doc, nil
}

// withAddress is a document that has addresses: those in it, otherwise the one that Latchkey knows.
func withAddress(doc Document, address string) Document {
	if _, ok := doc["emails"]; ok {
		return doc
	}
	doc = maps.Clone(doc)
	doc["emails"] = []any{map[string]any{"value": address, "type": "work", "primary": true}}
	return doc
}

// shown is a document as a client gets it: with the member's name and address where it has none.
func (u User) shown(doc Document) Document {
	doc = maps.Clone(withAddress(doc, u.Email))
	if _, ok := doc["displayName"]; !ok {
		doc["displayName"] = u.Name
	}
	return doc
}

// stored is the document as it is kept: what the member itself holds is left out. It is a
// Problem of type InvalidValue when it is too large.
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

// email is the address that identifies the user. It is a Problem of type InvalidValue
// when there is none.
func email(doc Document) (string, error) {
	name := doc.text("userName")
	if name == "" {
		return "", invalid(InvalidValue, "The attribute userName is required.")
	}
	address, err := plaintext.Email(name)
	if err != nil {
		return "", invalid(InvalidValue, "The attribute userName must be an e-mail address.")
	}
	return address, nil
}

// displayName is the name that a document asks for: displayName as it is, otherwise made
// from the parts of the name; "" when it says nothing. Only a displayName can be wrong.
func displayName(doc Document) (string, error) {
	if sent := doc.text("displayName"); strings.TrimSpace(sent) != "" {
		name, err := plaintext.Name(sent)
		if err != nil {
			return "", invalid(InvalidValue, "The attribute displayName cannot be %q. %s", cut(sent), fault.Of(err).Message)
		}
		return name, nil
	}
	parts, _ := doc["name"].(map[string]any)
	part := Document(parts).text
	for _, name := range []string{part("formatted"), part("givenName") + " " + part("familyName")} {
		if clean, err := plaintext.Name(name); err == nil {
			return clean, nil
		}
	}
	return "", nil
}

// primaryEmail is the value of the primary address, otherwise of the one for work,
// otherwise of the first; "" without any.
func primaryEmail(doc Document) string {
	list, _ := doc["emails"].([]any)
	best, rank := "", 0
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			continue
		}
		value, r := mainValue(v), 1
		if kind, _ := m["type"].(string); strings.EqualFold(kind, "work") {
			r = 2
		}
		if m["primary"] == true {
			r = 3
		}
		if value != "" && r > rank {
			best, rank = value, r
		}
	}
	return best
}

// keepsAddress refuses what would change the address of a member. Who is known without addresses,
// because the provider never sent any, may have others in emails: they are only kept there.
func keepsAddress(u User, before, after Document) error {
	address, err := email(after)
	if err != nil {
		return err
	}
	if address != u.Email {
		return invalid(Mutability, "The e-mail address %s cannot be changed. Assign the person anew under the other address.", u.Email)
	}
	now := plaintext.Fold(primaryEmail(after))
	if now == "" || now == u.Email || now == plaintext.Fold(primaryEmail(before)) || !u.hasAddresses() {
		return nil
	}
	return invalid(Mutability, "The e-mail address of %s cannot be changed. Latchkey knows a person by it.", u.Email)
}

// hasAddresses reports whether the provider has sent addresses of the user.
func (u User) hasAddresses() bool {
	var kept struct {
		Emails []json.RawMessage `json:"emails"`
	}
	return u.Linked && json.Unmarshal([]byte(u.Document), &kept) == nil && len(kept.Emails) > 0
}

// elements lists what of a document can be searched besides what the member holds.
// Binary values, and those too long to be looked for, are left out.
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
			if !held(prefix + a.Name) {
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

// held reports attributes that the member itself holds.
func held(name string) bool {
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
