package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/plaintext"
	"latchkey/internal/registry"
	"latchkey/web/openapi"
	"latchkey/web/respond"
)

// Workspace is the workspace API: the resources in the workspace of the caller's token, in
// the formats that existing clients of the product family read and write.
//
// A token has one workspace, so no path names it; resources of another are not found.
// Organization tokens have none and get 401. Package registry makes every decision.
type Workspace struct {
	registry *registry.Service
	document *openapi.Document
	standing func(echo.Context) actor.Standing
}

// NewWorkspace returns the handlers. Their routes belong behind the Bearer of h.
func NewWorkspace(h *Handlers, resources *registry.Service, document *openapi.Document) *Workspace {
	return &Workspace{registry: resources, document: document, standing: h.Standing}
}

// WorkspaceRoutes returns the routes of the workspace API. Rows that are not Open belong
// behind [Handlers.Bearer].
func WorkspaceRoutes(h *Workspace) []Route {
	const (
		get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

		sources, destinations, connections = "/v2/sources", "/v2/destinations", "/v2/connections"
		plans                              = plansPath
		scripts, libraries                 = "/transformations", "/libraries"
	)
	rows := []Route{
		{get, "/v2/workspace", false, h.workspace},
		{get, "/v2/openapi.json", true, h.openAPI},

		{get, sources, false, h.listSources},
		{post, sources, false, h.createSource},
		{get, sources + "/:id", false, h.getSource},
		{put, sources + "/:id", false, h.updateSource},
		{del, sources + "/:id", false, h.remove(registry.Source)},
		{put, sources + "/:id/external-id", false, h.setExternalID(registry.Source)},

		{get, destinations, false, h.listDestinations},
		{post, destinations, false, h.createDestination},
		{get, destinations + "/:id", false, h.getDestination},
		{put, destinations + "/:id", false, h.updateDestination},
		{del, destinations + "/:id", false, h.remove(registry.Destination)},
		{put, destinations + "/:id/external-id", false, h.setExternalID(registry.Destination)},
		{get, destinations + "/:id/transformation", false, h.getAttachment},
		{put, destinations + "/:id/transformation", false, h.setAttachment},
		{del, destinations + "/:id/transformation", false, h.removeAttachment},

		{get, connections, false, h.listConnections},
		{post, connections, false, h.createConnection},
		{get, connections + "/:id", false, h.getConnection},
		{put, connections + "/:id", false, h.updateConnection},
		{del, connections + "/:id", false, h.deleteConnection},
		{put, connections + "/:id/external-id", false, h.setConnectionExternalID},

		{get, plans, false, h.listPlans},
		{post, plans, false, h.createPlan},
		{get, plans + "/:id", false, h.getPlan},
		{put, plans + "/:id", false, h.updatePlan},
		{del, plans + "/:id", false, h.remove(registry.TrackingPlan)},
		{put, plans + "/:id/external-id", false, h.setExternalID(registry.TrackingPlan)},
		{get, plans + "/:id/events", false, h.listPlanEvents},
		{post, plans + "/:id/sources/:source", false, h.linkSource},
		{put, plans + "/:id/sources/:source", false, h.updateLink},
		{del, plans + "/:id/sources/:source", false, h.unlinkSource},

		// Existing clients use the second of these two paths to publish.
		{post, scripts + "/publish", false, h.publish},
		{post, scripts + "/libraries/publish", false, h.publish},
	}
	rows = append(rows, h.scriptRoutes(scripts, registry.Transformation)...)
	rows = append(rows, h.scriptRoutes(libraries, registry.Library)...)
	for i := range rows {
		rows[i].Handle = wrongLevel(rows[i].Handle)
	}
	return rows
}

// wrongLevelBody is the response to an organization token that existing clients expect.
type wrongLevelBody struct {
	Error string `json:"error"`
	Code  string `json:"code"`
}

// wrongLevel answers a valid token of the wrong level with exactly that body, and returns
// the refusal for the logs.
func wrongLevel(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		f := ofWrongLevel(err)
		if f == nil {
			return err
		}
		c.Response().Header().Set("WWW-Authenticate", respond.ChallengeInvalid)
		respond.JSON(c.Response(), respond.Status(f.Kind), wrongLevelBody{f.Message, respond.Code(f.Kind)})
		return err
	}
}

// wireWorkspace is a workspace as the API shows it.
type wireWorkspace struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Environment string `json:"environment"`
	Status      string `json:"status"`
	Region      string `json:"region"`
}

func (h *Workspace) workspace(c echo.Context) error {
	by := h.standing(c)
	w, err := h.registry.Workspace(c.Request().Context(), by, by.Workspace)
	if err != nil {
		return err
	}
	return ok(c, map[string]wireWorkspace{"workspace": {w.ID, w.Name, string(w.Environment), "ACTIVE", w.Region}})
}

// remove serves DELETE of a resource of a type.
func (h *Workspace) remove(typ string) echo.HandlerFunc {
	return func(c echo.Context) error {
		by := h.standing(c)
		if err := h.registry.Delete(c.Request().Context(), by.Caller(), by.Workspace, typ, param(c, "id")); err != nil {
			return err
		}
		return ok(c, struct{}{})
	}
}

// externalID is the response of PUT …/external-id.
type externalID struct {
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
}

// setExternalID serves PUT …/external-id of a resource of a type.
func (h *Workspace) setExternalID(typ string) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := readExternalID(c)
		if err != nil {
			return err
		}
		by := h.standing(c)
		r, err := h.registry.SetExternalID(c.Request().Context(), by.Caller(), by.Workspace, typ, param(c, "id"), id)
		if err != nil {
			return err
		}
		return ok(c, externalID{r.ID, r.ExternalID})
	}
}

func readExternalID(c echo.Context) (string, error) {
	body, err := readObject(c)
	if err != nil {
		return "", err
	}
	id := body.text("externalId")
	if err := body.err(); err != nil || id == nil {
		return "", err
	}
	return *id, nil
}

// ok sends a value with status 200.
func ok(c echo.Context, value any) error {
	respond.JSON(c.Response(), http.StatusOK, value)
	return nil
}

// param returns an id from the path, or "", which no resource has, if it is not a valid id.
func param(c echo.Context, name string) string {
	id := c.Param(name)
	if !plaintext.PossibleID(id) {
		return ""
	}
	return id
}

// wireTime formats a time for the API: RFC 3339, UTC, milliseconds.
func wireTime(t time.Time) string { return audit.FormatTime(t) }
