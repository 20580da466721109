package home

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
)

const (
	attentionPath = "/needs-attention"
	paramShow     = "show"
	showSoon      = "expires-soon"
	showRefused   = "refused-often"
	showUnused    = "unused"
	alertsPerPage = 25
)

// reasons returns the reasons for which a token needs attention, in the order of the page.
func reasons() []string { return []string{showSoon, showRefused, showUnused} }

// alerts returns a part of the tokens that need attention for a reason. soon is [Handlers.soonDays].
func (h *Handlers) alerts(ctx context.Context, v kit.Visit, reason string, soon int, p token.Part) ([]page.Alert, error) {
	switch reason {
	case showSoon:
		list, err := h.tokens.ExpireSoon(ctx, v.Standing, time.Duration(soon)*kit.Day, p)
		return alertsOf(v, list, endingAlert), err
	case showRefused:
		list, err := h.tokens.RefusedOften(ctx, v.Standing, p)
		return alertsOf(v, list, refusedAlert), err
	case showUnused:
		list, err := h.tokens.Unused(ctx, v.Standing, p)
		return alertsOf(v, list, unusedAlert), err
	}
	return nil, fault.NewNotFound("That list")
}

// soonDays returns within how many days a token expires soon enough to need attention: the most before which
// the organization warns. If it warns nobody, those of the state "Expires soon" do.
func (h *Handlers) soonDays(ctx context.Context, v kit.Visit) (int, error) {
	days, err := h.warnings.Days(ctx, v.Standing)
	if err != nil || len(days) == 0 {
		return int(token.SoonAfter / kit.Day), err
	}
	return days[0], nil
}

// reasonsFor returns what needs attention, at most [rows] for each reason. It asks for one more, to know
// whether there are more.
func (h *Handlers) reasonsFor(ctx context.Context, v kit.Visit, soon int) ([]page.Reason, error) {
	var out []page.Reason
	for _, reason := range reasons() {
		list, err := h.alerts(ctx, v, reason, soon, token.Part{Limit: rows + 1})
		if err != nil {
			return nil, err
		}
		all := component.Link{Label: "All " + kit.LowerFirst(reasonTitle(reason)), Href: kit.WithQuery(attentionPath, paramShow, reason)}
		out = withReason(out, page.Reason{ID: reason, Title: reasonTitle(reason), Alerts: list, All: all})
	}
	if !h.site.May(v, access.ManageInvitations) {
		return out, nil
	}
	list, err := h.invitations.Ending(ctx, v.Standing, rows+1)
	if err != nil {
		return nil, err
	}
	return withReason(out, page.Reason{ID: "invitations", Title: "Pending invitations", Alerts: alertsOf(v, list, invitationAlert),
		All: component.Link{Label: "All pending invitations", Href: pendingInvitations()}}), nil
}

// withReason adds a reason, unless nothing needs attention for it. The reason links to the whole list
// only if that has more.
func withReason(list []page.Reason, r page.Reason) []page.Reason {
	if len(r.Alerts) == 0 {
		return list
	}
	if len(r.Alerts) > rows {
		r.Alerts = r.Alerts[:rows]
	} else {
		r.All = component.Link{}
	}
	return append(list, r)
}

// attention shows the whole list of tokens that need attention for one reason.
func (h *Handlers) attention(c echo.Context) error {
	v, reason := kit.VisitOf(c), cmp.Or(c.QueryParam(paramShow), showSoon)
	q := kit.ReadPaging(attentionPath, c.QueryParams(), alertsPerPage)
	soon, err := h.soonDays(c.Request().Context(), v)
	if err != nil {
		return err
	}
	list, err := h.alerts(c.Request().Context(), v, reason, soon, token.Part{Limit: q.Size + 1, Offset: q.Offset()})
	if err != nil {
		return err
	}
	m := attentionView(reason, soon, list, q.Page)
	m.Shell = h.site.Shell(c, v, m.Header.Title)
	return h.site.HTML(c, http.StatusOK, page.AttentionPage(m))
}
