package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/views/component"
	policypage "latchkey/views/page/policy"
)

const (
	baselinePath  = "/settings/access-management/baseline-policies"
	baselineTitle = "Baseline Workspace Policies"
)

// Baselines lists every workspace with its baseline policy.
func (h *Handlers) Baselines(c echo.Context) error {
	v := visitOf(c)
	rows, err := h.d.Accounts.Baselines(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	m := baselinesView(rows, h.d.Catalogue, readPageQuery(baselinePath, c.QueryParams(), account.DefaultPage), v)
	m.Frame = h.accessFrame(c, v, baselineTitle)
	return h.render.HTML(c, http.StatusOK, policypage.BaselinesPage(m))
}

func baselinesView(rows []account.BaselineRow, catalogue *access.Catalogue, q pageQuery, v visit) policypage.Baselines {
	m := policypage.Baselines{
		Card: component.CardModel{ID: "baselines", Title: baselineTitle, Flush: true,
			Description: "What every member, every group and every service access token of a workspace gets there. View is always included."},
		Table: component.TableModel{ID: "baseline-list", Caption: baselineTitle, Columns: []component.Column{
			{Label: "Workspace"}, {Label: "Gives"}, {Label: "Members", End: true}, {Label: "Groups", End: true}, {Label: "Changed"},
			{Label: "Actions", LabelHidden: true, End: true}}},
	}
	edit := "Edit"
	if !v.Organization.Plan.Has(access.FeatureBaseline) {
		edit = "View"
		m.Refusal = &component.NoticeModel{Kind: "info", Title: "The " + v.Organization.Plan.Label() + " plan does not include editing them", Text: access.UpgradeText}
	}
	if len(rows) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No workspaces yet", Text: "Every workspace has a baseline policy."}
		return m
	}
	rows, m.Around = listed(rows, q, "Name", "workspace", "workspaces", func(w account.BaselineRow) string { return w.Name })
	for _, row := range rows {
		href := path(baselinePath, row.ID)
		m.Rows = append(m.Rows, policypage.BaselineRow{Workspace: row.Name, Detail: row.Environment.Label(), Href: href,
			Summary: givesLines(catalogue, row.Baseline.Body), Members: thousands(row.Members), Groups: thousands(row.Groups),
			Updated: timeView(row.Baseline.UpdatedAt, v.now), By: row.Baseline.UpdatedBy,
			Edit: component.ButtonModel{Label: edit, Context: "the baseline of " + row.Name, Href: href, Variant: component.Ghost, Small: true}})
	}
	return m
}

func baselineSpot(c echo.Context) policySpot {
	workspace := c.Param("workspace")
	return policySpot{place: account.Place{Kind: account.BaselinePolicy, Workspace: workspace}, at: path(baselinePath, workspace),
		back: component.Link{Label: baselineTitle, Href: baselinePath}, title: "Baseline Workspace Policy"}
}

// BaselinePolicy edits a Baseline Workspace Policy, or shows it where the plan does not
// include editing.
func (h *Handlers) BaselinePolicy(c echo.Context) error { return h.showPolicy(c, baselineSpot(c)) }

// SaveBaselinePolicy saves it, or shows the form again.
func (h *Handlers) SaveBaselinePolicy(c echo.Context) error { return h.policyStep(c, baselineSpot(c)) }

// BaselinePolicySummary says what saving the form would change.
func (h *Handlers) BaselinePolicySummary(c echo.Context) error {
	return h.policySummary(c, baselineSpot(c))
}
