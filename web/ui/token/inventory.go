package token

import (
	"bufio"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// The fields of a form for the tokens that match a filter, instead of those that were selected one by one.
const (
	fieldAll   = "all"   // anything: all that match
	fieldCount = "count" // how many the dialog said they are
	fieldSeen  = "seen"  // their fingerprint
)

func (h *Handlers) inventoryPages() []kit.Page {
	const (
		list  = kit.InventoryPath
		needs = access.ManageServiceTokens
	)
	rows := []kit.Page{
		kit.Get(list, kit.Member, needs, h.listInventory),
		kit.Get(list+"/export/csv", kit.Member, needs, h.exportInventory),
	}
	for _, act := range h.bulkActs() {
		rows = append(rows,
			kit.Get(list+"/"+act.name, kit.Member, needs, func(c echo.Context) error {
				return h.askBulk(c, http.StatusOK, act, c.QueryParams(), nil)
			}),
			kit.Post(list+"/"+act.name, kit.Member, needs, func(c echo.Context) error { return h.doBulk(c, act) }))
	}
	return rows
}

// listInventory lists the tokens of the organization.
func (h *Handlers) listInventory(c echo.Context) error {
	return h.showInventory(c, http.StatusOK, nil)
}

// showInventory shows the list, with above in front of it.
func (h *Handlers) showInventory(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	q := readInventory(c.QueryParams())
	filter, wrong, err := h.inventoryFilter(c, v, q)
	if err != nil {
		return err
	}
	var found token.Inventoried
	if len(wrong) > 0 {
		status = max(status, http.StatusBadRequest)
	} else {
		if found, err = h.inventory.Find(c.Request().Context(), v.Standing, q.query(filter)); err != nil {
			return err
		}
	}
	m := h.inventoryView(v, q, found, wrong)
	m.Frame = h.site.Frame(c, v, kit.InventoryTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.InventoryPage(m))
}

// inventoryFilter returns which tokens q chooses. The problems have the names of fields.
func (h *Handlers) inventoryFilter(c echo.Context, v kit.Visit, q inventoryQuery) (token.Filter, kit.FieldErrors, error) {
	filter, wrong := q.filter(h.site.Catalogue(), v.Now)
	switch breaks := q.keep.Get(paramBreaks); breaks {
	case "":
	case breaksSaved:
		r, err := h.rules.Ruling(c.Request().Context(), v.Standing)
		if err != nil {
			return filter, wrong, err
		}
		filter.Breaks = &r.Rules
	default:
		if r, err := token.ParseRules(breaks); err == nil {
			filter.Breaks = &r
		}
	}
	return filter, wrong, nil
}

// selection reads the tokens that a form, or the address of a dialog, is for. It returns an error if there
// are none.
func (h *Handlers) selection(c echo.Context, v kit.Visit, form url.Values) (token.Selection, error) {
	if form.Get(fieldAll) == "" {
		sel := token.Selection{IDs: form[kit.FieldToken]}
		if sel.Empty() {
			return sel, errNoneSelected()
		}
		return sel, nil
	}
	filter, wrong, err := h.inventoryFilter(c, v, readInventory(form))
	if err == nil && len(wrong) > 0 {
		err = errNoneSelected()
	}
	if err != nil {
		return token.Selection{}, err
	}
	count, err := strconv.Atoi(form.Get(fieldCount))
	if err != nil || count < 0 {
		count = 0
	}
	return token.Selection{All: true, Filter: filter, Count: count, Seen: form.Get(fieldSeen)}, nil
}

// selectionFields returns the hidden fields by which the form of a dialog names its tokens.
func selectionFields(sel token.Selection, form url.Values, tokens []token.Token) []component.HiddenField {
	var out []component.HiddenField
	if !sel.All {
		for _, id := range sel.IDs {
			out = append(out, component.HiddenField{Name: kit.FieldToken, Value: id})
		}
		return out
	}
	return append(readInventory(form).hidden(), component.HiddenField{Name: fieldAll, Value: "1"},
		component.HiddenField{Name: fieldCount, Value: strconv.Itoa(len(tokens))},
		component.HiddenField{Name: fieldSeen, Value: token.Fingerprint(tokens)})
}

// chosen returns the tokens that a dialog is for, counted again.
func (h *Handlers) chosen(c echo.Context, v kit.Visit, form url.Values) (token.Selection, []token.Token, error) {
	sel, err := h.selection(c, v, form)
	if err != nil {
		return sel, nil, err
	}
	sel.Count, sel.Seen = 0, ""
	tokens, err := h.inventory.Chosen(c.Request().Context(), v.Standing, sel)
	return sel, tokens, err
}

// askBulk shows the dialog of an act, filled in with a form. wrong are the problems of the last attempt.
func (h *Handlers) askBulk(c echo.Context, status int, act bulkAct, form url.Values, wrong kit.FieldErrors) error {
	v := kit.VisitOf(c)
	sel, tokens, err := h.chosen(c, v, form)
	if err != nil {
		return h.refusedSelection(c, err)
	}
	m := act.ask(tokens, form, wrong, v.Now)
	m.Action, m.Dialog.CloseHref = kit.Path(kit.InventoryPath, act.name), kit.InventoryPath
	m.Hidden, m.Details = selectionFields(sel, form, tokens), listedTokens(tokens, v.Now)
	dialog := component.FormDialog(m)
	if len(m.Fields) == 0 { // there is only a yes to give
		dialog = component.AlertDialog(component.AlertDialogModel{ID: m.Dialog.ID, Title: m.Dialog.Title + "?", Consequence: m.Dialog.Description,
			Details: m.Details, Action: m.Action, Hidden: m.Hidden, Confirm: m.Submit.Label, CancelHref: m.Dialog.CloseHref, Error: wrong[""]})
	}
	return h.site.Dialog(c, status, dialog, h.showInventory)
}

// doBulk does an act with all the chosen tokens or, on an error, with none of them.
func (h *Handlers) doBulk(c echo.Context, act bulkAct) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	sel, err := h.selection(c, v, form)
	if err != nil {
		return h.refusedSelection(c, err)
	}
	changed, err := act.do(c.Request().Context(), v, sel, form)
	text, status, other := kit.Refusal(err)
	if text != "" {
		return h.askBulk(c, status, act, form, kit.FieldErrors{"": text})
	}
	fields, other := parseForm(form).invalid(other, v.Now)
	switch {
	case other != nil || fields[token.PathTokens] != "":
		return h.refusedSelection(c, err)
	case fields != nil:
		return h.askBulk(c, kit.StatusOf(fields), act, form, fields)
	case len(changed) == 0:
		return h.site.Done(c, kit.InventoryPath, "No changes: "+act.none)
	}
	return h.site.Done(c, kit.InventoryPath, act.done(changed, v.Now))
}

// exportInventory streams all tokens that match the filter as CSV, newest first.
func (h *Handlers) exportInventory(c echo.Context) error {
	v := kit.VisitOf(c)
	filter, wrong, err := h.inventoryFilter(c, v, readInventory(c.QueryParams()))
	if err != nil {
		return err
	}
	for _, text := range wrong {
		return fault.NewInvalid(text)
	}
	out := kit.NewCSVExport(c, "tokens.csv", inventoryHead())
	return out.Finish(h.inventory.Export(c.Request().Context(), v.Standing, filter, func(t token.Token) error {
		return out.Line(func(w *bufio.Writer) error { return kit.CSVLine(w, inventoryLine(t, v.Now)) })
	}))
}

func inventoryHead() []string {
	return []string{"id", "name", "description", "kind", "hint", "owner", "owner_id", "workspace", "workspace_id",
		"scope", "policy", "made_by", "made_by_id", "created", "expires", "last_used", "last_used_from", "state"}
}

func inventoryLine(t token.Token, now time.Time) []string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return audit.FormatTime(t)
	}
	from, policy := "", ""
	if len(t.LastUsedFrom) > 0 {
		from = t.LastUsedFrom[0].IP
	}
	if t.Kind == token.Workspace {
		policy = t.Policy.String()
	}
	return []string{t.ID, t.Name, t.Description, string(t.Kind), t.Hint, t.OwnerName, t.Owner, t.WorkspaceName, t.Workspace,
		string(t.Scope), policy, t.CreatedByName, t.CreatedBy, at(t.CreatedAt), at(t.ExpiresAt), at(t.LastUsedAt), from, string(t.State(now))}
}
