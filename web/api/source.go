package api

import (
	"encoding/json"

	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
)

// wireSource is a source as the API shows it. The two optional flags are present once they
// have been set.
type wireSource struct {
	ID                   string          `json:"id"`
	ExternalID           string          `json:"externalId,omitempty"`
	Name                 string          `json:"name"`
	Type                 string          `json:"type"`
	WriteKey             string          `json:"writeKey"`
	Enabled              bool            `json:"enabled"`
	Config               json.RawMessage `json:"config"`
	GeoEnrichmentEnabled *bool           `json:"geoEnrichmentEnabled,omitempty"`
	Transient            *bool           `json:"transient,omitempty"`
	WorkspaceID          string          `json:"workspaceId"`
	CreatedAt            string          `json:"createdAt"`
	UpdatedAt            string          `json:"updatedAt"`
}

func sourceOf(r registry.Resource) wireSource {
	return wireSource{ID: r.ID, ExternalID: r.ExternalID, Name: r.Name, Type: r.Definition, WriteKey: r.WriteKey, Enabled: r.Enabled,
		Config: json.RawMessage(r.Config), GeoEnrichmentEnabled: r.GeoEnrichment, Transient: r.Transient,
		WorkspaceID: r.Workspace, CreatedAt: wireTime(r.CreatedAt), UpdatedAt: wireTime(r.UpdatedAt)}
}

// sourceForm parses a source. It accepts and ignores members that only the server sets,
// because clients send back what they have read.
func sourceForm(c echo.Context) (registry.Form, error) {
	body, err := readObject(c)
	if err != nil {
		return registry.Form{}, err
	}
	form := registry.Form{Name: body.text("name"), Definition: body.text("type"), ExternalID: body.text("externalId"),
		Enabled: body.flag("enabled"), Config: body.raw("config"),
		GeoEnrichment: body.flag("geoEnrichmentEnabled"), Transient: body.flag("transient")}
	body.ignore("id", "writeKey", "workspaceId", "createdAt", "updatedAt")
	return form, body.err()
}

func (h *Workspace) listSources(c echo.Context) error {
	l, err := readListing(c, "/v2/sources")
	if err != nil {
		return err
	}
	by := h.standing(c)
	found, err := h.registry.List(c.Request().Context(), by, by.Workspace, registry.Source, l.Query)
	if err != nil {
		return err
	}
	sources, paging := pageOf(l, found, resourceID, sourceOf)
	return ok(c, map[string]any{"sources": sources, "paging": paging})
}

func resourceID(r registry.Resource) string { return r.ID }

func (h *Workspace) createSource(c echo.Context) error {
	form, err := sourceForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Create(c.Request().Context(), by.Caller(), by.Workspace, registry.Source, form)
	return answerSource(c, r, err)
}

func (h *Workspace) getSource(c echo.Context) error {
	by := h.standing(c)
	r, err := h.registry.Get(c.Request().Context(), by, by.Workspace, registry.Source, param(c, "id"))
	return answerSource(c, r, err)
}

func (h *Workspace) updateSource(c echo.Context) error {
	form, err := sourceForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Update(c.Request().Context(), by.Caller(), by.Workspace, registry.Source, param(c, "id"), form)
	return answerSource(c, r, err)
}

func answerSource(c echo.Context, r registry.Resource, err error) error {
	if err != nil {
		return err
	}
	return ok(c, map[string]wireSource{"source": sourceOf(r)})
}
