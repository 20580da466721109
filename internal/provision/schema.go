package provision

import "strings"

// The schemas and messages (RFC 7643 §10.3, RFC 7644 §8.2).
const (
	SchemaUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	SchemaGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	SchemaEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	MessagePatch     = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// AttributeType is the data type of an attribute (RFC 7643 §2.3).
type AttributeType string

// The types in use.
const (
	String    AttributeType = "string"
	Boolean   AttributeType = "boolean"
	DateTime  AttributeType = "dateTime"
	Reference AttributeType = "reference"
	Binary    AttributeType = "binary"
	Complex   AttributeType = "complex"
)

// Attribute describes one attribute (RFC 7643 §7). The same table validates bodies, serves
// /Schemas and resolves filters, so that discovery is always accurate.
type Attribute struct {
	Name        string
	Description string
	Type        AttributeType
	Multi       bool
	Required    bool
	CaseExact   bool
	ReadOnly    bool // a client's value is ignored, or refused if a PATCH targets it
	Always      bool // in every response, whatever attributes are selected
	Kept        bool // a PATCH can change it, but not remove it
	Unique      bool // within the organization
	Canonical   []string
	Refers      []string // resource types that a reference can point to
	Sub         []Attribute
}

// stays reports whether a PATCH cannot remove the attribute.
func (a Attribute) stays() bool { return a.Required || a.Kept }

// Schema is a named set of attributes.
type Schema struct {
	ID, Name, Description string
	Attributes            []Attribute
}

// Resource is a resource type with its endpoint and schemas.
type Resource struct {
	Name       string // "User"
	Endpoint   string // "/Users"
	Core       Schema
	Extensions []Schema
}

// Users returns the resource type User: the core schema and the enterprise extension. It has no
// password attribute, because passwords are neither used nor stored.
func Users() Resource {
	core := append(commonAttributes(),
		Attribute{Name: "userName", Type: String, Required: true, Unique: true, Always: true,
			Description: "The member's email address, which identifies the member."},
		Attribute{Name: "name", Type: Complex, Description: "The parts of the person's name.", Sub: texts(
			"formatted", "The full name.", "familyName", "The family name.", "givenName", "The given name.",
			"middleName", "The middle name.", "honorificPrefix", "Titles before the name.", "honorificSuffix", "Titles after the name.")},
		Attribute{Name: "displayName", Type: String, Description: "The name that Latchkey shows, at most 64 characters."},
		Attribute{Name: "active", Type: Boolean, Kept: true, Description: "Whether the member can sign in and use tokens."},
	)
	core = append(core, texts("nickName", "A casual name.", "title", "The job title.", "userType", "The relation to the organization.",
		"preferredLanguage", "The preferred languages.", "locale", "The locale for dates and numbers.", "timezone", "The time zone.")...)
	core = append(core,
		Attribute{Name: "profileUrl", Type: Reference, CaseExact: true, Refers: []string{"external"}, Description: "A page about the person."},
		plural("emails", "Email addresses. They have no effect in Latchkey; userName has.", String, "work", "home", "other"),
		plural("phoneNumbers", "Telephone numbers.", String, "work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "Instant messaging addresses.", String),
		plural("photos", "Pictures of the person.", Reference, "photo", "thumbnail"),
		addresses(),
		plural("entitlements", "Stored for the provider. They grant nothing in Latchkey.", String),
		plural("roles", "Stored for the provider. They grant nothing in Latchkey.", String),
		plural("x509Certificates", "Certificates of the person.", Binary),
		Attribute{Name: "groups", Type: Complex, Multi: true, ReadOnly: true, Description: "The groups that the member is in.", Sub: []Attribute{
			{Name: "value", Type: String, CaseExact: true, ReadOnly: true, Description: "The group's id."},
			{Name: "$ref", Type: Reference, CaseExact: true, ReadOnly: true, Refers: []string{"Group"}, Description: "The group's address."},
			{Name: "display", Type: String, ReadOnly: true, Description: "The group's name."},
		}},
	)
	return Resource{Name: "User", Endpoint: "/Users",
		Core:       Schema{ID: SchemaUser, Name: "User", Description: "A member of the organization", Attributes: core},
		Extensions: []Schema{enterprise()}}
}

// Groups returns the resource type Group. Its members are users.
func Groups() Resource {
	core := append(commonAttributes(),
		Attribute{Name: "displayName", Type: String, Required: true, Unique: true, Description: "The group's name, at most 64 characters."},
		Attribute{Name: "members", Type: Complex, Multi: true, Description: "The members of the group.", Sub: []Attribute{
			{Name: "value", Type: String, CaseExact: true, Description: "The member's id."},
			{Name: "$ref", Type: Reference, CaseExact: true, Refers: []string{"User"}, Description: "The member's address."},
			{Name: "display", Type: String, Description: "The member's name."},
			{Name: "type", Type: String, Canonical: []string{"User"}, Description: "What the member is."},
		}},
	)
	return Resource{Name: "Group", Endpoint: "/Groups",
		Core: Schema{ID: SchemaGroup, Name: "Group", Description: "A group of members", Attributes: core}}
}

// commonAttributes returns the attributes of every resource (RFC 7643 §3.1).
func commonAttributes() []Attribute {
	return []Attribute{
		{Name: "id", Type: String, CaseExact: true, ReadOnly: true, Always: true, Unique: true, Description: "Latchkey's id of the resource."},
		{Name: "externalId", Type: String, CaseExact: true, Description: "The provider's id of the resource."},
		{Name: "meta", Type: Complex, ReadOnly: true, Description: "About the resource.", Sub: []Attribute{
			{Name: "resourceType", Type: String, CaseExact: true, ReadOnly: true, Description: "The resource type's name."},
			{Name: "created", Type: DateTime, ReadOnly: true, Description: "When it was created."},
			{Name: "lastModified", Type: DateTime, ReadOnly: true, Description: "When it was last changed."},
			{Name: "location", Type: Reference, CaseExact: true, ReadOnly: true, Description: "Its address."},
			{Name: "version", Type: String, CaseExact: true, ReadOnly: true, Description: "Its version, as in the header ETag."},
		}},
	}
}

// texts returns string attributes, given alternating names and descriptions.
func texts(pairs ...string) []Attribute {
	list := make([]Attribute, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, Attribute{Name: pairs[i], Type: String, Description: pairs[i+1]})
	}
	return list
}

// plural returns a multi-valued attribute with the sub-attributes of RFC 7643 §2.4.
func plural(name, description string, value AttributeType, kinds ...string) Attribute {
	return Attribute{Name: name, Type: Complex, Multi: true, Description: description, Sub: []Attribute{
		{Name: "value", Type: value, CaseExact: value != String, Description: "The value."},
		{Name: "display", Type: String, Description: "The value in a form for people."},
		{Name: "type", Type: String, Canonical: kinds, Description: "What the value is for."},
		{Name: "primary", Type: Boolean, Description: "Whether it is the main one; true at most once."},
	}}
}

func addresses() Attribute {
	sub := texts("formatted", "The whole address.", "streetAddress", "Street and number.", "locality", "The city.",
		"region", "The state or region.", "postalCode", "The postal code.", "country", "The country.")
	sub = append(sub, Attribute{Name: "type", Type: String, Canonical: []string{"work", "home", "other"},
		Description: "What the address is for."},
		Attribute{Name: "primary", Type: Boolean, Description: "Whether it is the main one; true at most once."})
	return Attribute{Name: "addresses", Type: Complex, Multi: true, Description: "Postal addresses.", Sub: sub}
}

func enterprise() Schema {
	list := texts("employeeNumber", "The employee number.", "costCenter", "The cost center.", "organization", "The organization.",
		"division", "The division.", "department", "The department.")
	list = append(list, Attribute{Name: "manager", Type: Complex, Description: "The person's manager.", Sub: []Attribute{
		{Name: "value", Type: String, Description: "The manager's id, as sent by the provider."},
		{Name: "$ref", Type: Reference, CaseExact: true, Refers: []string{"User"}, Description: "The manager's address."},
		{Name: "displayName", Type: String, Description: "The manager's name."},
	}})
	return Schema{ID: SchemaEnterprise, Name: "EnterpriseUser", Description: "Additional attributes of users in enterprises", Attributes: list}
}

// attribute finds an attribute by name in any letter case.
func attribute(list []Attribute, name string) (Attribute, bool) {
	for _, a := range list {
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return Attribute{}, false
}

// extension finds an extension by id in any letter case.
func (t Resource) extension(uri string) (Schema, bool) {
	for _, s := range t.Extensions {
		if strings.EqualFold(s.ID, uri) {
			return s, true
		}
	}
	return Schema{}, false
}

// resolved is an attribute path that exists in the schema.
type resolved struct {
	schema string // id of the extension; "" for the core schema
	attr   Attribute
	sub    *Attribute // nil: the attribute as a whole
}

// name returns the canonical path: "emails.type", "urn:…:User:manager.value".
func (r resolved) name() string {
	name := r.attr.Name
	if r.schema != "" {
		name = r.schema + ":" + name
	}
	if r.sub != nil {
		name += "." + r.sub.Name
	}
	return name
}

// resolve finds the attribute of a path, and reports whether the schema has it.
func (t Resource) resolve(p Path) (resolved, bool) {
	r, list := resolved{}, t.Core.Attributes
	if p.URI != "" && !strings.EqualFold(p.URI, t.Core.ID) {
		ext, ok := t.extension(p.URI)
		if !ok {
			return resolved{}, false
		}
		r.schema, list = ext.ID, ext.Attributes
	}
	var ok bool
	if r.attr, ok = attribute(list, p.Name); !ok {
		return resolved{}, false
	}
	if p.Sub == "" {
		return r, true
	}
	sub, ok := attribute(r.attr.Sub, p.Sub)
	r.sub = &sub
	return r, ok
}
