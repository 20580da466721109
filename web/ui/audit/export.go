package audit

import (
	"bufio"
	"encoding/hex"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/web/ui/kit"
)

// export streams the events that match the filter, oldest first, as CSV or JSON Lines. The error
// is Invalid for an invalid filter, NotFound for an unknown format and Denied on a plan without
// the audit log.
func (h *Handlers) export(c echo.Context) error {
	v := kit.VisitOf(c)
	filter, errors := readLogQuery(c.QueryParams()).filter(v.Now)
	for _, text := range errors {
		return fault.NewInvalid(text)
	}
	out, err := newExport(c, c.Param("format"), h.workspaceNames(v))
	if err != nil {
		return err
	}
	return out.Finish(h.audit.Export(c.Request().Context(), v.Standing, filter, out.write))
}

func (h *Handlers) workspaceNames(v kit.Visit) map[string]string {
	names := map[string]string{}
	for _, w := range v.Workspaces {
		names[w.ID] = w.Name
	}
	return names
}

// export streams events to a client.
type export struct {
	*kit.Export
	line func(w *bufio.Writer, e audit.Event) error
}

// newExport returns an export as csv or jsonl. The error is NotFound for another format.
func newExport(c echo.Context, format string, workspaces map[string]string) (*export, error) {
	name := "audit-logs." + format
	switch format {
	case "csv":
		return &export{kit.NewCSVExport(c, name, csvHead()),
			func(w *bufio.Writer, e audit.Event) error { return csvLine(w, e, workspaces) }}, nil
	case "jsonl":
		return &export{kit.NewExport(c, "application/jsonl; charset=utf-8", name), jsonLine}, nil
	}
	return nil, fault.NewNotFound("This export")
}

func (x *export) write(e audit.Event) error {
	return x.Line(func(w *bufio.Writer) error { return x.line(w, e) })
}

func csvHead() []string {
	return []string{"time", "actor_type", "actor", "actor_email", "actor_id", "token_id", "action", "target_type", "target", "target_id",
		"workspace", "workspace_id", "ip", "user_agent", "request_id", "before", "after", "id", "number", "hash", "clock_time"}
}

func csvLine(w *bufio.Writer, e audit.Event, workspaces map[string]string) error {
	clock := ""
	if !e.Clock.IsZero() {
		clock = audit.FormatTime(e.Clock)
	}
	return kit.CSVLine(w, []string{audit.FormatTime(e.Time), string(e.ActorType), e.ActorName, e.ActorEmail, e.ActorID, e.TokenID,
		string(e.Action), string(e.Target.Type), e.Target.Name, e.Target.ID, workspaces[e.Workspace], e.Workspace,
		e.Origin.IP, e.Origin.UserAgent, e.Origin.RequestID, e.Before, e.After, e.ID,
		strconv.FormatInt(e.Seq, 10), hex.EncodeToString(e.Hash), clock})
}

// jsonLine writes an event in the format of the command latchkey audit export.
func jsonLine(w *bufio.Writer, e audit.Event) error {
	line, err := audit.Line(e)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
