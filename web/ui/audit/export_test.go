package audit

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

func TestExport_NamesOfOthersStayInTheirCells(t *testing.T) {
	e := audit.Event{ActorName: "=HYPERLINK(\"https://evil.example\")", ActorEmail: "-2+3@evil.example", Workspace: "w",
		Target: audit.Target{Name: "a,\"b\"\r\n=1", ID: "@x"}, Origin: actor.Origin{UserAgent: "+curl"}, After: `{"name":"=1"}`}
	var text strings.Builder
	w := bufio.NewWriter(&text)
	if err := csvLine(w, e, map[string]string{"w": "@workspace"}); err != nil {
		t.Fatal(err)
	}
	if err := jsonLine(w, e); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	table, lines, _ := strings.Cut(text.String(), "\r\n{")
	records, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(records) != 1 || len(records[0]) != len(csvHead()) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, cell := range records[0] {
		if cell != "" && strings.Contains("=+-@\t\r\n", cell[:1]) {
			t.Errorf("a spreadsheet would take %q for a formula", cell)
		}
	}
	var object map[string]any
	if err := json.Unmarshal([]byte("{"+lines), &object); err != nil || object["actorName"] != e.ActorName ||
		object["targetName"] != e.Target.Name {
		t.Errorf("the line is %s, %v", lines, err)
	}
}

func TestExport_BeginsWithTheMarkThatExcelNeeds(t *testing.T) {
	for format, mark := range map[string]string{"csv": "\xef\xbb\xbf", "jsonl": ""} {
		for _, events := range [][]audit.Event{nil, {{ActorName: "José"}}} {
			rec := httptest.NewRecorder()
			x, err := newExport(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), rec), format, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if err := x.write(e); err != nil {
					t.Fatal(err)
				}
			}
			if err := x.Finish(nil); err != nil {
				t.Fatal(err)
			}
			text, marked := strings.CutPrefix(rec.Body.String(), mark)
			if !marked || strings.Contains(text, "\ufeff") || len(events) > 0 && !strings.Contains(text, "José") {
				t.Errorf("%s of %d events: %q", format, len(events), rec.Body)
			}
			if format == "csv" && !strings.HasPrefix(text, "time,actor_type,") {
				t.Errorf("no table follows the mark: %q", text)
			}
		}
	}
}
