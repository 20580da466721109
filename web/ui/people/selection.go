package people

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The fields of a form for the members that match a search, instead of those that were selected one by one.
const (
	fieldAll   = "all"   // anything: all that match
	fieldFind  = "q"     // the search, as the list has it
	fieldCount = "count" // how many the dialog said they are
	fieldSeen  = "seen"  // their fingerprint
)

// readSelection returns the members that a form, or the address of a dialog, is for.
func readSelection(form url.Values) account.Selection {
	if form.Get(fieldAll) == "" {
		return account.These(form[kit.FieldMember]...)
	}
	count, err := strconv.Atoi(form.Get(fieldCount))
	if err != nil || count < 0 {
		count = 0
	}
	return account.Selection{All: true, Search: kit.Search(form.Get(fieldFind)), Count: count, Seen: form.Get(fieldSeen)}
}

// selectionFields returns the hidden fields by which the form of a dialog names its members.
func selectionFields(sel account.Selection, members []account.Member) []component.HiddenField {
	if sel.All {
		return []component.HiddenField{{Name: fieldAll, Value: "1"}, {Name: fieldFind, Value: sel.Search},
			{Name: fieldCount, Value: strconv.Itoa(len(members))}, {Name: fieldSeen, Value: account.Fingerprint(members)}}
	}
	return memberFields(members)
}

// maxReturn is how many members the address of a preview names.
const maxReturn = 50

// previewOf returns the address of the dialog that asks before members are deleted.
func previewOf(sel account.Selection) string {
	switch {
	case sel.All:
		return kit.WithQuery(kit.UserPath+"/delete", fieldAll, "1", fieldFind, sel.Search)
	case len(sel.IDs) > maxReturn:
		return "" // the visitor selects them again
	}
	var pairs []string
	for _, id := range sel.IDs {
		pairs = append(pairs, kit.FieldMember, id)
	}
	return kit.WithQuery(kit.UserPath+"/delete", pairs...)
}

// chosenNames returns the members in words: by name, or how many match a search.
func chosenNames(sel account.Selection, members []account.Member) string {
	if sel.All {
		return kit.Count(len(members), "member", "members")
	}
	return memberNames(members)
}

// askedAgain returns the selection for a dialog that is shown once more: its members are counted again.
func askedAgain(sel account.Selection) account.Selection {
	sel.Count, sel.Seen = 0, ""
	return sel
}

// selectAll returns the text of the box that selects the members on all pages, or "" if there is only one page.
func selectAll(found account.MemberPage, q kit.Paging) string {
	if found.Total <= len(found.Rows) {
		return ""
	}
	text := "Select all " + kit.Count(found.Total, "member", "members")
	if q.Find != "" {
		text += " that match"
	}
	return text
}

// noneSelected returns the answer to a button for the selected members when none is. A script keeps such a button off.
func noneSelected() templ.Component { return wrongSelection("Select members first.") }

func wrongSelection(text string) templ.Component {
	return component.ErrorSummary(component.ErrorSummaryModel{Errors: []component.FieldError{{Text: text}}})
}

// refusedSelection shows the list again if a selection is empty by now or too large. It returns any other error.
func refusedSelection(c echo.Context, err error, list kit.Behind) error {
	wrong, err := kit.Invalid(err)
	if err != nil || wrong["members"] == "" {
		return err
	}
	return list(c, http.StatusBadRequest, wrongSelection(wrong["members"]))
}
