package api

import (
	"encoding/json"

	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
)

// wireDestination is a destination as the API shows it.
type wireDestination struct {
	ID             string          `json:"id"`
	ExternalID     string          `json:"externalId,omitempty"`
	Name           string          `json:"name"`
	Type           string          `json:"type"`
	Version        int64           `json:"version"`
	Enabled        bool            `json:"enabled"`
	Config         json.RawMessage `json:"config"`
	WorkspaceID    string          `json:"workspaceId"`
	Transformation *reference      `json:"transformation,omitempty"`
	CreatedAt      string          `json:"createdAt"`
	UpdatedAt      string          `json:"updatedAt"`
}

// reference names another resource.
type reference struct {
	ID string `json:"id"`
}

func destinationOf(r registry.Resource) wireDestination {
	d := wireDestination{ID: r.ID, ExternalID: r.ExternalID, Name: r.Name, Type: r.Definition, Version: r.Version, Enabled: r.Enabled,
		Config: json.RawMessage(r.Config), WorkspaceID: r.Workspace, CreatedAt: wireTime(r.CreatedAt), UpdatedAt: wireTime(r.UpdatedAt)}
	if r.Transformation != "" {
		d.Transformation = &reference{r.Transformation}
	}
	return d
}

// destinationForm parses a destination; see [sourceForm]. Its transformation has its own
// path.
func destinationForm(c echo.Context) (registry.Form, error) {
	body, err := readObject(c)
	if err != nil {
		return registry.Form{}, err
	}
	form := registry.Form{Name: body.text("name"), Definition: body.text("type"), ExternalID: body.text("externalId"),
		Enabled: body.flag("enabled"), Config: body.raw("config"), Version: body.whole("version")}
	body.ignore("id", "workspaceId", "transformation", "versionInfo", "createdAt", "updatedAt")
	return form, body.err()
}

func (h *Workspace) listDestinations(c echo.Context) error {
	l, err := readListing(c, "/v2/destinations")
	if err != nil {
		return err
	}
	by := h.standing(c)
	found, err := h.registry.List(c.Request().Context(), by, by.Workspace, registry.Destination, l.Query)
	if err != nil {
		return err
	}
	destinations, paging := pageOf(l, found, resourceID, destinationOf)
	return ok(c, map[string]any{"destinations": destinations, "paging": paging})
}

func (h *Workspace) createDestination(c echo.Context) error {
	form, err := destinationForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Create(c.Request().Context(), by.Caller(), by.Workspace, registry.Destination, form)
	return answerDestination(c, r, err)
}

func (h *Workspace) getDestination(c echo.Context) error {
	by := h.standing(c)
	r, err := h.registry.Get(c.Request().Context(), by, by.Workspace, registry.Destination, param(c, "id"))
	return answerDestination(c, r, err)
}

func (h *Workspace) updateDestination(c echo.Context) error {
	form, err := destinationForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Update(c.Request().Context(), by.Caller(), by.Workspace, registry.Destination, param(c, "id"), form)
	return answerDestination(c, r, err)
}

func answerDestination(c echo.Context, r registry.Resource, err error) error {
	if err != nil {
		return err
	}
	return ok(c, map[string]wireDestination{"destination": destinationOf(r)})
}

// wireAttachment is a destination's transformation.
type wireAttachment struct {
	DestinationID    string `json:"destinationId"`
	TransformationID string `json:"transformationId"`
	CreatedAt        string `json:"createdAt"`
	UpdatedAt        string `json:"updatedAt"`
}

func answerAttachment(c echo.Context, a registry.Attachment, err error) error {
	if err != nil {
		return err
	}
	return ok(c, wireAttachment{a.Destination, a.Transformation, wireTime(a.CreatedAt), wireTime(a.UpdatedAt)})
}

func (h *Workspace) getAttachment(c echo.Context) error {
	by := h.standing(c)
	a, err := h.registry.Attachment(c.Request().Context(), by, by.Workspace, param(c, "id"))
	return answerAttachment(c, a, err)
}

func (h *Workspace) setAttachment(c echo.Context) error {
	body, err := readObject(c)
	if err != nil {
		return err
	}
	id := body.text("transformationId")
	body.ignore("destinationId", "createdAt", "updatedAt")
	if err := body.err(); err != nil {
		return err
	}
	by := h.standing(c)
	a, err := h.registry.Attach(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), orEmpty(id))
	return answerAttachment(c, a, err)
}

func (h *Workspace) removeAttachment(c echo.Context) error {
	by := h.standing(c)
	a, err := h.registry.Detach(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"))
	return answerAttachment(c, a, err)
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
