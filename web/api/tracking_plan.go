package api

import (
	"encoding/json"

	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
)

const plansPath = "/v2/catalog/tracking-plans"

// wirePlan is a tracking plan as the API shows it. Latchkey does not store events, so the
// list of events is always empty; clients expect it to be present.
type wirePlan struct {
	ID           string     `json:"id"`
	ExternalID   string     `json:"externalId,omitempty"`
	Name         string     `json:"name"`
	Description  string     `json:"description"`
	CreationType string     `json:"creationType"`
	Version      int64      `json:"version"`
	WorkspaceID  string     `json:"workspaceId"`
	CreatedAt    string     `json:"createdAt"`
	UpdatedAt    string     `json:"updatedAt"`
	Events       []struct{} `json:"events"`
}

func planOf(r registry.Resource) wirePlan {
	return wirePlan{r.ID, r.ExternalID, r.Name, r.Description, "backend", r.Version, r.Workspace,
		wireTime(r.CreatedAt), wireTime(r.UpdatedAt), []struct{}{}}
}

// planForm parses a tracking plan; see [sourceForm].
func planForm(c echo.Context) (registry.Form, error) {
	body, err := readObject(c)
	if err != nil {
		return registry.Form{}, err
	}
	form := registry.Form{Name: body.text("name"), Description: body.text("description"), ExternalID: body.text("externalId")}
	if len(body.list("events")) > 0 {
		body.wrong("events", "Latchkey does not store the events of a tracking plan.")
	}
	body.ignore("id", "creationType", "version", "workspaceId", "createdAt", "updatedAt")
	return form, body.err()
}

// planList is the response to a list. paging is present if the request asked for pages.
type planList struct {
	TrackingPlans []wirePlan `json:"trackingPlans"`
	Paging        *paging    `json:"paging,omitempty"`
}

func (h *Workspace) listPlans(c echo.Context) error {
	l, err := readListing(c, plansPath)
	if err != nil {
		return err
	}
	l = l.unlessAsked()
	by := h.standing(c)
	found, err := h.registry.List(c.Request().Context(), by, by.Workspace, registry.TrackingPlan, l.Query)
	if err != nil {
		return err
	}
	plans, paging := pageOf(l, found, resourceID, planOf)
	answer := planList{TrackingPlans: plans}
	if l.asked {
		answer.Paging = &paging
	}
	return ok(c, answer)
}

func (h *Workspace) createPlan(c echo.Context) error {
	form, err := planForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Create(c.Request().Context(), by.Caller(), by.Workspace, registry.TrackingPlan, form)
	return answerPlan(c, r, err)
}

func (h *Workspace) getPlan(c echo.Context) error {
	by := h.standing(c)
	r, err := h.registry.Get(c.Request().Context(), by, by.Workspace, registry.TrackingPlan, param(c, "id"))
	return answerPlan(c, r, err)
}

func (h *Workspace) updatePlan(c echo.Context) error {
	form, err := planForm(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	r, err := h.registry.Update(c.Request().Context(), by.Caller(), by.Workspace, registry.TrackingPlan, param(c, "id"), form)
	return answerPlan(c, r, err)
}

// planEvents is a page of the events of a tracking plan, in the format of the data catalog's
// lists. Existing clients read it with every plan.
type planEvents struct {
	Data        []struct{} `json:"data"`
	Total       int        `json:"total"`
	CurrentPage int        `json:"currentPage"`
	PageSize    int        `json:"pageSize"`
}

// listPlanEvents sends an empty list, because Latchkey does not store events.
func (h *Workspace) listPlanEvents(c echo.Context) error {
	l, err := readListing(c, plansPath)
	if err != nil {
		return err
	}
	by := h.standing(c)
	if _, err := h.registry.Get(c.Request().Context(), by, by.Workspace, registry.TrackingPlan, param(c, "id")); err != nil {
		return err
	}
	return ok(c, planEvents{Data: []struct{}{}, CurrentPage: max(l.Page, 1), PageSize: l.Size})
}

func answerPlan(c echo.Context, r registry.Resource, err error) error {
	if err != nil {
		return err
	}
	return ok(c, planOf(r))
}

// wireLink says that a source follows a tracking plan, and how.
type wireLink struct {
	TrackingPlanID string          `json:"trackingPlanId"`
	SourceID       string          `json:"sourceId"`
	Config         json.RawMessage `json:"config"`
	CreatedAt      string          `json:"createdAt"`
	UpdatedAt      string          `json:"updatedAt"`
}

// linkConfig parses {"config": …}. The configuration defaults to empty.
func linkConfig(c echo.Context) (string, error) {
	body, err := readObject(c)
	if err != nil {
		return "", err
	}
	config := body.raw("config")
	body.ignore("trackingPlanId", "sourceId", "createdAt", "updatedAt")
	if config == nil {
		return "{}", body.err()
	}
	return *config, body.err()
}

func (h *Workspace) linkSource(c echo.Context) error {
	config, err := linkConfig(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	l, err := h.registry.LinkSource(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), param(c, "source"), config)
	return answerLink(c, l, err)
}

func (h *Workspace) updateLink(c echo.Context) error {
	config, err := linkConfig(c)
	if err != nil {
		return err
	}
	by := h.standing(c)
	l, err := h.registry.UpdateLink(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), param(c, "source"), config)
	return answerLink(c, l, err)
}

func answerLink(c echo.Context, l registry.SourceLink, err error) error {
	if err != nil {
		return err
	}
	return ok(c, wireLink{l.TrackingPlan, l.Source, json.RawMessage(l.Config), wireTime(l.CreatedAt), wireTime(l.UpdatedAt)})
}

func (h *Workspace) unlinkSource(c echo.Context) error {
	by := h.standing(c)
	if err := h.registry.UnlinkSource(c.Request().Context(), by.Caller(), by.Workspace, param(c, "id"), param(c, "source")); err != nil {
		return err
	}
	return ok(c, struct{}{})
}
