package kit

import (
	"net/url"
	"strconv"
	"testing"
)

func TestListed_CutsWhatMatchesIntoPages(t *testing.T) {
	rows := make([]string, 45)
	for i := range rows {
		rows[i] = "Workspace " + strconv.Itoa(i)
	}
	for _, c := range []struct {
		query         string
		rows          []string
		from, until   int // of rows
		none, summary string
		prev, next    string
	}{
		{"", rows, 0, 20, "", "1–20 of 45", "", "/x?page=2"},
		{"page=3", rows, 40, 45, "", "41–45 of 45", "/x?page=2", ""},
		{"page=99", rows, 0, 0, "There is no page 99.", "There are 45 workspaces.", "/x?page=3", ""},
		{"page=2", rows[:3], 0, 0, "There is no page 2.", "There are 3 workspaces.", "/x", ""},
		{"q=nowhere&page=2", rows, 0, 0, "No workspace matches this search.", "", "", ""},
		{"q=workspace+44&page=2", rows, 0, 0, "There is no page 2.", "There is 1 workspace.", "/x?q=workspace+44", ""},
		{"q=nowhere", rows, 0, 0, "No workspace matches this search.", "", "", ""},
		{"q=workspace+44", rows, 44, 45, "", "", "", ""},
		{"", rows[:3], 0, 3, "", "", "", ""},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, around := Listed(c.rows, ReadPaging("/x", query, 20, "name"), "Name", "workspace", "workspaces", func(s string) string { return s })
		if len(got) != c.until-c.from || len(got) > 0 && got[0] != c.rows[c.from] {
			t.Errorf("%q: %v", c.query, got)
		}
		if around.None != c.none || (around.Filter != nil) != (len(c.rows) > 20) {
			t.Errorf("%q: %+v", c.query, around)
		}
		if pages := around.Pages; pages == nil != (c.summary == "") ||
			pages != nil && (pages.Summary != c.summary || pages.PrevHref != c.prev || pages.NextHref != c.next) {
			t.Errorf("%q: pages %+v", c.query, pages)
		}
	}
}
