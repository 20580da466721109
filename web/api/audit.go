package api

import (
	"net/http"
	"net/url"
	"strconv"
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
}

// AuditLogs sends the oldest events that the client has not seen, oldest first. It is for
// organization tokens; others get 401.
func (h *Handlers) AuditLogs(c echo.Context) error {
	ctx, by := c.Request().Context(), h.Standing(c)
	if err := h.d.Audit.May(ctx, by); err != nil {
		return err
	}
	reading, next, err := readAuditLogs(c.QueryParams())
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
		body.Data[i] = auditEntry{ID: e.ID, ActorID: e.ActorID, ActorType: string(e.ActorType), TargetID: e.Target.ID,
			TargetType: string(e.Target.Type),
			Action:     string(e.Action), IP: e.Origin.IP, CreatedAt: audit.FormatTime(e.Time), WorkspaceID: e.Workspace, OrganizationID: e.Organization}
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
// error is Invalid, by parameter.
func readAuditLogs(q url.Values) (audit.Reading, url.Values, error) {
	r, next := audit.Reading{PerPage: audit.MaxPerPage}, url.Values{}
	var p fault.Problems
	for _, name := range []string{"per_page", "workspace_id", "created_after"} {
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
	for name, into := range map[string]*string{"workspace_id": &r.Workspace, "after_cursor": &r.AfterCursor} {
		*into = q.Get(name)
		if q.Has(name) && !plaintext.PossibleID(*into) {
			p.Add(name, "This is not a valid id.")
		}
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
