package policy

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// baselines lists every workspace with its baseline policy.
func (h *Handlers) baselines(c echo.Context) error {
	return h.showBaselines(c, http.StatusOK, nil)
}

// showBaselines shows the list, and the saved presets below it. The dialog above may be nil.
func (h *Handlers) showBaselines(c echo.Context, status int, above templ.Component) error {
	v, q := kit.VisitOf(c), kit.ReadPaging(kit.BaselinePath, c.QueryParams(), account.DefaultPage)
	rows, err := h.policies.Baselines(c.Request().Context(), v.Standing, q.ShownWorkspaces)
	if err != nil {
		return err
	}
	presets, err := h.presets.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := baselinesView(rows, h.site.Catalogue(), q, v)
	m.Presets = presetList(presets, h.site.Catalogue(), v.Now)
	m.Frame = h.site.Frame(c, v, kit.BaselineTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.BaselinesPage(m))
}

func baselinesView(rows []policy.BaselineRow, catalogue *access.Catalogue, q kit.Paging, v kit.Visit) page.Baselines {
	m := page.Baselines{
		Card: component.CardModel{ID: "baselines", Title: kit.BaselineTitle, Flush: true,
			Description: "The permissions that every member, group and service access token of a workspace has there. View is always included."},
		Table: component.TableModel{ID: "baseline-list", Caption: kit.BaselineTitle, Columns: []component.Column{
			{Label: "Workspace"}, {Label: "Grants"}, {Label: "Members", End: true}, {Label: "Groups", End: true}, {Label: "Changed"},
			{Label: "Actions", LabelHidden: true, End: true}}},
	}
	edit := "Edit"
	if !v.Organization.Plan.Has(access.FeatureBaseline) {
		edit = "View"
		m.Refusal = &component.NoticeModel{Kind: "info", Text: access.UpgradeText,
			Title: "The " + v.Organization.Plan.Label() + " plan does not include editing baseline policies"}
	}
	if len(rows) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No workspaces yet", Text: "Every workspace has a baseline policy."}
		return m
	}
	rows, m.Around = kit.Listed(rows, q, "Name", "workspace", "workspaces", func(w policy.BaselineRow) string { return w.Name })
	for _, row := range rows {
		href := kit.Path(kit.BaselinePath, row.ID)
		m.Rows = append(m.Rows, page.BaselineRow{Workspace: row.Name, Detail: row.Environment.Label(), Href: href,
			Summary: Gives(catalogue, row.Baseline.Body), Members: kit.Thousands(row.Members), Groups: kit.Thousands(row.Groups),
			Updated: kit.When(row.Baseline.UpdatedAt, v.Now), By: row.Baseline.UpdatedBy,
			Edit: component.ButtonModel{Label: edit, Context: "the baseline of " + row.Name, Href: href, Variant: component.Ghost, Small: true}})
	}
	return m
}

// baselineSpot returns the Baseline Workspace Policy of the workspace that the path names. A plan
// without baseline policies shows it, but does not let it be edited.
func baselineSpot(c echo.Context) Spot {
	workspace := c.Param("workspace")
	return Spot{Place: policy.Place{Kind: policy.Baseline, Workspace: workspace}, At: kit.Path(kit.BaselinePath, workspace),
		Back: component.Link{Label: kit.BaselineTitle, Href: kit.BaselinePath}, Title: "Baseline Workspace Policy"}
}
