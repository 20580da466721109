package audit

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/web/request"
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
	return out.finish(h.audit.Export(c.Request().Context(), v.Standing, filter, out.write))
}

func (h *Handlers) workspaceNames(v kit.Visit) map[string]string {
	names := map[string]string{}
	for _, w := range v.Workspaces {
		names[w.ID] = w.Name
	}
	return names
}

// export streams events to a client. It sends nothing before the first event, so that a refusal
// still gets its own answer. A later error cuts the connection, because an incomplete file must
// not look complete.
type export struct {
	c       echo.Context
	control *http.ResponseController
	kind    string // media type
	name    string // of the file
	out     *bufio.Writer
	line    func(w *bufio.Writer, e audit.Event) error
	head    string // before the first line
	begun   bool
	lines   int
}

// longExport is how long a client may take to read linesPerDeadline lines.
const longExport = time.Minute

// newExport returns an export as csv or jsonl. The error is NotFound for another format.
func newExport(c echo.Context, format string, workspaces map[string]string) (*export, error) {
	x := &export{c: c, control: http.NewResponseController(c.Response()), name: "audit-logs." + format}
	switch format {
	case "csv":
		x.kind, x.line = "text/csv; charset=utf-8; header=present",
			func(w *bufio.Writer, e audit.Event) error { return csvLine(w, e, workspaces) }
		x.head = plaintext.CSVMark + strings.Join(csvHead(), ",") + "\r\n"
	case "jsonl":
		x.kind, x.line = "application/jsonl; charset=utf-8", jsonLine
	default:
		return nil, fault.NewNotFound("This export")
	}
	return x, nil
}

// begin sends the headers.
func (x *export) begin() error {
	h := x.c.Response().Header()
	h.Set("Content-Type", x.kind)
	h.Set("Content-Disposition", `attachment; filename="`+x.name+`"`)
	h.Set("Cache-Control", "no-store")
	x.begun, x.out = true, bufio.NewWriterSize(x.c.Response(), 32<<10)
	_, err := x.out.WriteString(x.head)
	return err
}

// linesPerDeadline is the number of lines after which the deadline is extended.
const linesPerDeadline = 500

func (x *export) write(e audit.Event) error {
	if !x.begun {
		if err := x.begin(); err != nil {
			return err
		}
	}
	if x.lines++; x.lines%linesPerDeadline == 1 {
		// The server's own limit stays if the connection does not support deadlines.
		_ = x.control.SetWriteDeadline(time.Now().Add(longExport))
	}
	return x.line(x.out, e)
}

// finish ends the answer, or says that it broke off. err is the error after the last event, or nil.
func (x *export) finish(err error) error {
	if err == nil && !x.begun {
		err = x.begin() // an empty file
	}
	if !x.begun {
		return err
	}
	if err == nil {
		err = x.out.Flush()
	}
	if err != nil {
		return &request.Broken{Request: x.c.Request(), Cause: err}
	}
	return nil
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
	record := []string{audit.FormatTime(e.Time), string(e.ActorType), e.ActorName, e.ActorEmail, e.ActorID, e.TokenID,
		string(e.Action), string(e.Target.Type), e.Target.Name, e.Target.ID, workspaces[e.Workspace], e.Workspace,
		e.Origin.IP, e.Origin.UserAgent, e.Origin.RequestID, e.Before, e.After, e.ID,
		strconv.FormatInt(e.Seq, 10), hex.EncodeToString(e.Hash), clock}
	for i := range record {
		record[i] = plaintext.Cell(record[i])
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(record); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
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
