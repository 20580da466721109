package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/web/respond"
)

const auditLogsPath = "/v2/audit-logs"

// auditEntry is one event in the format that existing clients read. Fields that do not apply
// are empty.
type auditEntry struct {
	ID             string `json:"id"`
	ActorID        string `json:"actorId"`
	ActorType      string `json:"actorType"`
	TargetID       string `json:"targetId"`
	TargetType     string `json:"targetType"`
	Action         string `json:"action"`
	IP             string `json:"ip"`
	CreatedAt      string `json:"createdAt"`
	WorkspaceID    string `json:"workspaceId"`
	OrganizationID string `json:"organizationId"`
	ClockTime      string `json:"clockTime,omitempty"` // only if the clock said something else than CreatedAt
}

// AuditLogs sends the oldest events that the client has not seen, oldest first. It is for
// organization tokens; others get 401.
func (h *Handlers) AuditLogs(c echo.Context) error {
	ctx, by := c.Request().Context(), h.Standing(c)
	if err := h.d.Audit.May(ctx, by); err != nil {
		return err
	}
	reading, next, err := readAuditLogs(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	found, err := h.d.Audit.Read(ctx, by, reading)
	if err != nil {
		return err
	}
	body := struct {
		Data   []auditEntry `json:"data"`
		Paging paging       `json:"paging"`
	}{Data: make([]auditEntry, len(found.Events)), Paging: paging{Total: found.Total}}
	for i, e := range found.Events {
		entry := auditEntry{ID: e.ID, ActorID: e.ActorID, ActorType: string(e.ActorType), TargetID: e.Target.ID,
			TargetType: string(e.Target.Type),
			Action:     string(e.Action), IP: e.Origin.IP, CreatedAt: audit.FormatTime(e.Time), WorkspaceID: e.Workspace, OrganizationID: e.Organization}
		if !e.When().Equal(e.Time) {
			entry.ClockTime = audit.FormatTime(e.Clock)
		}
		body.Data[i] = entry
	}
	if n := len(body.Data); n > 0 && found.More() {
		if reading.Page > 0 {
			next.Set("page", strconv.Itoa(reading.Page+1))
		} else {
			next.Set("after_cursor", body.Data[n-1].ID)
		}
		body.Paging.Next = auditLogsPath + "?" + next.Encode()
	}
	respond.JSON(c.Response(), http.StatusOK, body)
	return nil
}

// readAuditLogs parses the query and returns the parameters for the next page as well. The
// error is Invalid, by parameter. Nothing is ignored: a filter with a typing mistake would answer
// with events that nobody asked for.
func readAuditLogs(query string) (audit.Reading, url.Values, error) {
	r, next := audit.Reading{PerPage: audit.MaxPerPage}, url.Values{}
	q, err := url.ParseQuery(query)
	if err != nil {
		return r, next, fault.NewInvalid("The query string cannot be read.")
	}
	var p fault.Problems
	checkParameters(&p, q)
	for _, name := range auditFilters() {
		if q.Has(name) {
			next.Set(name, q.Get(name))
		}
	}
	if q.Has("per_page") {
		r.PerPage = wholeBetween(&p, "per_page", q.Get("per_page"), audit.MaxPerPage)
	}
	if q.Has("page") {
		r.Page = wholeBetween(&p, "page", q.Get("page"), lastPage)
	}
	for name, into := range map[string]*string{"workspace_id": &r.Workspace, "after_cursor": &r.AfterCursor, "actor_id": &r.Actor,
		"token_id": &r.Token, "target_id": &r.Target} {
		*into = q.Get(name)
		if q.Has(name) && !plaintext.PossibleID(*into) {
			p.Add(name, "This is not a valid id.")
		}
	}
	if r.Action = audit.Action(q.Get("action")); q.Has("action") && !slices.Contains(audit.Actions(), r.Action) {
		p.Add("action", "There is no such action.")
	}
	if r.AfterCursor != "" && r.Page != 0 {
		p.Add("after_cursor", "Use page or after_cursor, not both.")
	}
	if q.Has("created_after") {
		var ok bool
		if r.CreatedAfter, ok = isoTime(q.Get("created_after")); !ok {
			p.Add("created_after", "Use a time in ISO 8601, such as 2026-01-31T12:00:00.000Z.")
		}
	}
	return r, next, p.Err("The query has mistakes.")
}

// auditFilters returns the parameters that the next page has as well.
func auditFilters() []string {
	return []string{"per_page", "workspace_id", "created_after", "actor_id", "token_id", "target_id", "action"}
}

// checkParameters adds a problem for each parameter that is unknown or given twice, up to ten.
func checkParameters(p *fault.Problems, q url.Values) {
	const most = 10
	known, wrong := append(auditFilters(), "after_cursor", "page"), 0
	for _, name := range slices.Sorted(maps.Keys(q)) {
		message := ""
		switch {
		case !slices.Contains(known, name):
			message = "This parameter is unknown. Use " + strings.Join(known, ", ") + "."
		case len(q[name]) > 1:
			message = "Give this parameter once."
		}
		if message == "" {
			continue
		}
		if wrong++; wrong > most {
			return
		}
		p.Add(plaintext.Shorten(plaintext.Visible(name), 60), message)
	}
}

// isoTime parses a time in one of the forms of ISO 8601 that clients use. The zone defaults
// to UTC, the time of day to midnight.
func isoTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999",
		"2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
