package kit

import (
	"bufio"
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/plaintext"
	"latchkey/web/request"
)

// Export streams a file of many lines to a client. It sends nothing before the first line, so that a refusal
// still gets its own answer. A later error cuts the connection, because an incomplete file must not look
// complete.
type Export struct {
	c       echo.Context
	control *http.ResponseController
	kind    string // media type
	name    string // of the file
	head    string // before the first line
	out     *bufio.Writer
	begun   bool
	lines   int
}

// A client may take longExport to read linesPerDeadline lines.
const (
	longExport       = time.Minute
	linesPerDeadline = 500
)

// NewExport returns an export of a media type.
func NewExport(c echo.Context, kind, name string) *Export {
	return &Export{c: c, control: http.NewResponseController(c.Response()), kind: kind, name: name}
}

// NewCSVExport returns an export as CSV. Its lines are written by [CSVLine].
func NewCSVExport(c echo.Context, name string, columns []string) *Export {
	x := NewExport(c, "text/csv; charset=utf-8; header=present", name)
	x.head = plaintext.CSVMark + strings.Join(columns, ",") + "\r\n"
	return x
}

// begin sends the headers.
func (x *Export) begin() error {
	h := x.c.Response().Header()
	h.Set("Content-Type", x.kind)
	h.Set("Content-Disposition", `attachment; filename="`+x.name+`"`)
	h.Set("Cache-Control", "no-store")
	x.begun, x.out = true, bufio.NewWriterSize(x.c.Response(), 32<<10)
	_, err := x.out.WriteString(x.head)
	return err
}

// Line sends a line, which a function writes.
func (x *Export) Line(write func(w *bufio.Writer) error) error {
	if !x.begun {
		if err := x.begin(); err != nil {
			return err
		}
	}
	if x.lines++; x.lines%linesPerDeadline == 1 {
		// The server's own limit stays if the connection does not support deadlines.
		_ = x.control.SetWriteDeadline(time.Now().Add(longExport))
	}
	return write(x.out)
}

// Finish ends the answer, or says that it broke off. err is the error after the last line, or nil.
func (x *Export) Finish(err error) error {
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

// CSVLine writes cells, and changes those that spreadsheets would treat as formulas.
func CSVLine(w *bufio.Writer, cells []string) error {
	for i := range cells {
		cells[i] = plaintext.Cell(cells[i])
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(cells); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
