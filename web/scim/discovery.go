package scim

import (
	"strings"

	"github.com/labstack/echo/v4"

	"net/http"

	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/web/respond"
)

// object is a JSON object in discovery responses.
type object = map[string]any

// discover sends a list and refuses filters, as RFC 7644 §4 requires.
func discover(c echo.Context, resources []any) error {
	if c.QueryParam("filter") != "" {
		return fault.NewDenied("Discovery endpoints do not support filters.")
	}
	return answerList(c, len(resources), 1, resources)
}

// serviceProviderConfig describes what this server supports (RFC 7643 §5).
func (h *Handlers) serviceProviderConfig(c echo.Context) error {
	yes, no := object{"supported": true}, object{"supported": false}
	respond.SCIM(c.Response(), http.StatusOK, object{
		"schemas":        []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":          yes,
		"bulk":           object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":         object{"supported": true, "maxResults": provision.MaxCount},
		"changePassword": no,
		"sort":           yes,
		"etag":           yes,
		"authenticationSchemes": []object{{"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "An organization service access token of Latchkey as a bearer token (RFC 6750)."}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": h.base() + "/ServiceProviderConfig"},
	})
	return nil
}

func (h *Handlers) resourceTypes(c echo.Context) error {
	var list []any
	for _, t := range h.d.Provision.Resources() {
		list = append(list, h.describeType(c, t))
	}
	return discover(c, list)
}

func (h *Handlers) resourceType(c echo.Context) error {
	for _, t := range h.d.Provision.Resources() {
		if t.Name == c.Param("id") {
			respond.SCIM(c.Response(), http.StatusOK, h.describeType(c, t))
			return nil
		}
	}
	return fault.NewNotFound("That resource type")
}

// describeType describes a resource type (RFC 7643 §6).
func (h *Handlers) describeType(c echo.Context, t provision.Resource) object {
	extensions := []object{}
	for _, e := range t.Extensions {
		extensions = append(extensions, object{"schema": e.ID, "required": false})
	}
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id": t.Name, "name": t.Name, "endpoint": t.Endpoint, "description": t.Core.Description,
		"schema": t.Core.ID, "schemaExtensions": extensions,
		"meta": object{"resourceType": "ResourceType", "location": h.base() + "/ResourceTypes/" + t.Name}}
}

func (h *Handlers) schemas(c echo.Context) error {
	var list []any
	for _, s := range h.allSchemas() {
		list = append(list, h.describeSchema(c, s))
	}
	return discover(c, list)
}

func (h *Handlers) schema(c echo.Context) error {
	for _, s := range h.allSchemas() {
		if strings.EqualFold(s.ID, c.Param("id")) {
			respond.SCIM(c.Response(), http.StatusOK, h.describeSchema(c, s))
			return nil
		}
	}
	return fault.NewNotFound("That schema")
}

func (h *Handlers) allSchemas() []provision.Schema {
	var list []provision.Schema
	for _, t := range h.d.Provision.Resources() {
		list = append(append(list, t.Core), t.Extensions...)
	}
	return list
}

// describeSchema describes a schema (RFC 7643 §7). The common attributes (id, externalId,
// meta) belong to every resource but to no schema.
func (h *Handlers) describeSchema(c echo.Context, s provision.Schema) object {
	attributes := []object{}
	for _, a := range s.Attributes {
		if a.Name != "id" && a.Name != "externalId" && a.Name != "meta" {
			attributes = append(attributes, describeAttribute(a))
		}
	}
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
		"id": s.ID, "name": s.Name, "description": s.Description, "attributes": attributes,
		"meta": object{"resourceType": "Schema", "location": h.base() + "/Schemas/" + s.ID}}
}

func describeAttribute(a provision.Attribute) object {
	o := object{"name": a.Name, "type": a.Type, "description": a.Description, "multiValued": a.Multi, "required": a.Required,
		"caseExact": a.CaseExact, "mutability": "readWrite", "returned": "default", "uniqueness": "none"}
	switch {
	case a.ReadOnly:
		o["mutability"] = "readOnly"
	case a.Name == "userName":
		o["mutability"] = "immutable"
	}
	if a.Always {
		o["returned"] = "always"
	}
	if a.Unique {
		o["uniqueness"] = "server"
	}
	if len(a.Canonical) > 0 {
		o["canonicalValues"] = a.Canonical
	}
	if len(a.Refers) > 0 {
		o["referenceTypes"] = a.Refers
	}
	if len(a.Sub) > 0 {
		sub := []object{}
		for _, s := range a.Sub {
			sub = append(sub, describeAttribute(s))
		}
		o["subAttributes"] = sub
	}
	return o
}
