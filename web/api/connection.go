package api

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
)

// wireConnection is a connection as the API shows it.
type wireConnection struct {
	ID            string `json:"id"`
	ExternalID    string `json:"externalId,omitempty"`
	SourceID      string `json:"sourceId"`
	DestinationID string `json:"destinationId"`
	Enabled       bool   `json:"enabled"`
	WorkspaceID   string `json:"workspaceId"`
	CreatedAt     string `json:"createdAt"`
	UpdatedAt     string `json:"updatedAt"`
}

func connectionOf(c registry.Connection) wireConnection {
	return wireConnection{c.ID, c.ExternalID, c.Source, c.Destination, c.Enabled, c.Workspace, wireTime(c.CreatedAt), wireTime(c.UpdatedAt)}
}

// connectionForm parses a connection; see [sourceForm].
func connectionForm(c echo.Context) (registry.ConnectionForm, error) {
	body, err := readObject(c)
	if err != nil {
		return registry.ConnectionForm{}, err
	}
	form := registry.ConnectionForm{Source: body.text("sourceId"), Destination: body.text("destinationId"),
		ExternalID: body.text("externalId"), Enabled: body.flag("enabled")}
	body.ignore("id", "workspaceId", "createdAt", "updatedAt")
	return form, body.err()
}

func (h *Workspace) listConnections(c echo.Context) error {
	l, err := readListing(c, "/v2/connections")
	if err != nil {
		return err
	}
	by := h.standing(c)
	found, err := h.registry.Connections(c.Request().Context(), by, by.Workspace, l.Query)
	if err != nil {
		return err
	}
	connections, paging := pageOf(l, found, func(c registry.Connection) string { return c.ID }, connectionOf)
	return ok(c, map[string]any{"connections": connections, "paging": paging})
}

func (h *Workspace) createConnection(c echo.Context) error {
	form, err := connectionForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	made, err := h.registry.Connect(c.Request().Context(), by.Caller(), by.Workspace, form)
	return answerConnection(c, made, err)
}

func (h *Workspace) getConnection(c echo.Context) error {
	by := h.standing(c)
	found, err := h.registry.Connection(c.Request().Context(), by, by.Workspace, param(c, "id"))
	return answerConnection(c, found, err)
}

func (h *Workspace) updateConnection(c echo.Context) error {
	form, err := connectionForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	changed, err := h.registry.UpdateConnection(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), form)
	return answerConnection(c, changed, err)
}

func (h *Workspace) deleteConnection(c echo.Context) error {
	by := h.standing(c)
	if err := h.registry.Disconnect(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id")); err != nil {
		return err
	}
	return ok(c, struct{}{})
}

func (h *Workspace) setConnectionExternalID(c echo.Context) error {
	id, err := readExternalID(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	changed, err := h.registry.SetConnectionExternalID(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), id)
	if err != nil {
		return err
	}
	return ok(c, externalID{changed.ID, changed.ExternalID})
}

func answerConnection(c echo.Context, found registry.Connection, err error) error {
	if err != nil {
		return err
	}
	return ok(c, map[string]wireConnection{"connection": connectionOf(found)})
}
