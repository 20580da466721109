package sso

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/views/component"
	page "latchkey/views/page/sso"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// list shows the providers.
func (h *Handlers) list(c echo.Context) error { return h.show(c, http.StatusOK, nil) }

// show shows the list, with a dialog or notice above it if there is one.
func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	providers, err := h.identity.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := providersView(providers, v)
	frame := h.site.Frame(c, v, kit.ProviderTitle)
	m.Shell, m.Header, m.Tabs = frame.Shell, frame.Header, &frame.Tabs
	m.Shell.Above = above
	return h.site.HTML(c, status, page.AdminPage(m))
}

// provider shows one provider.
func (h *Handlers) provider(c echo.Context) error { return h.showOne(c, http.StatusOK, nil) }

// Lists of a provider's page are this long.
const shownRows = 50

// showOne shows the page of a provider, with a dialog or notice above it if there is one.
func (h *Handlers) showOne(c echo.Context, status int, above templ.Component) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	p, err := h.identity.Get(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	groups, err := h.identity.Groups(ctx, v.Standing)
	if err != nil {
		return err
	}
	linked, err := h.identity.Linked(ctx, v.Standing, p.ID, shownRows)
	if err != nil {
		return err
	}
	failures, err := h.identity.Failures(ctx, v.Standing, p.ID, shownRows)
	if err != nil {
		return err
	}
	required, err := h.identity.Requirements(ctx, v.Standing, p.ID)
	if err != nil {
		return err
	}
	m := h.providerView(p, groups, linked, failures, v)
	m.Sections = slices.Insert(m.Sections, 2, requireSection(p, required))
	m.Shell = h.site.Shell(c, v, p.Name)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.AdminPage(m))
}

// newProvider shows the dialog that adds a provider of the kind that the address names.
func (h *Handlers) newProvider(c echo.Context) error {
	preset := identity.PresetOf(c.QueryParam("preset"))
	members, err := h.identity.Default(c.Request().Context(), kit.VisitOf(c).Standing)
	if err != nil {
		return err
	}
	form := url.Values{kit.FieldSubmission: {rand.Text()}, fieldPreset: {preset.Key}, identity.FieldNewMembers: {string(members)}}
	if preset.Key != "other" && preset.Key != "saml" {
		form.Set(identity.FieldName, preset.Label)
	}
	if preset.Key == "google" {
		form.Set(identity.FieldIssuer, preset.Issuer)
	}
	return h.form(c, http.StatusOK, newDialog(form, nil), h.show)
}

// form answers with the dialog of a form.
func (h *Handlers) form(c echo.Context, status int, m component.FormDialogModel, behind kit.Behind) error {
	return h.site.Dialog(c, status, component.FormDialog(m), behind)
}

// add adds a provider.
func (h *Handlers) add(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if err := kit.CheckSubmission(form.Get(kit.FieldSubmission)); err != nil {
		return err
	}
	p, err := h.identity.Add(c.Request().Context(), kit.VisitOf(c).Standing, settings(form), form.Get(kit.FieldSubmission))
	if errors.Is(err, fault.ErrRepeated) {
		return h.show(c, http.StatusConflict, component.Notice(component.NoticeModel{Kind: "warning", Live: true, Text: fault.Of(err).Message}))
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		form.Set(kit.FieldSubmission, rand.Text())
		return h.form(c, respond.Status(fault.Invalid), newDialog(form, fields), h.show)
	}
	return h.site.Done(c, address(p.ID), p.Name+" was added. Enter its addresses at the provider, try it, and then enable it.")
}

// edit shows the dialog that changes how a provider is reached and trusted.
func (h *Handlers) edit(c echo.Context) error {
	p, err := h.identity.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	form := url.Values{identity.FieldName: {p.Name}, fieldPreset: {p.Preset}, identity.FieldIssuer: {p.Issuer},
		identity.FieldClientID: {p.ClientID}, identity.FieldDomains: {strings.Join(p.Domains, "\n")},
		identity.FieldNewMembers: {string(p.NewMembers)}, identity.FieldMetadataURL: {p.MetadataURL}, identity.FieldSubject: {p.SubjectAttribute}}
	return h.form(c, http.StatusOK, editDialog(p.ID, form, nil), h.showOne)
}

// save changes how a provider is reached and trusted.
func (h *Handlers) save(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	p, err := h.identity.Change(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"), settings(form))
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		return h.form(c, respond.Status(fault.Invalid), editDialog(c.Param("id"), form, fields), h.showOne)
	}
	return h.site.Done(c, address(p.ID), p.Name+" was saved.")
}

// editRules shows the dialog that says what groups mean.
func (h *Handlers) editRules(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	p, err := h.identity.Get(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	groups, err := h.identity.Groups(ctx, v.Standing)
	if err != nil {
		return err
	}
	form := url.Values{identity.FieldClaim: {p.GroupsClaim}, identity.FieldTable: {tableText(p, groups)},
		identity.FieldAdminGroup: {p.AdminGroup}}
	if p.AdminAgain {
		form.Set(fieldAgain, again)
	}
	return h.form(c, http.StatusOK, rulesDialog(p.ID, form, nil), h.showOne)
}

// saveRules changes what groups mean.
func (h *Handlers) saveRules(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	p, err := h.identity.SetRules(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), rules(form))
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		return h.form(c, respond.Status(fault.Invalid), rulesDialog(c.Param("id"), form, fields), h.showOne)
	}
	return h.site.Done(c, address(p.ID), "The groups were saved. They are applied at the next sign-in of each member.")
}

// enable enables a provider.
func (h *Handlers) enable(c echo.Context) error { return h.toggle(c, true, " was enabled.") }

// disable disables a provider, which ends its sessions.
func (h *Handlers) disable(c echo.Context) error {
	return h.toggle(c, false, " was disabled, and its sessions were ended.")
}

func (h *Handlers) toggle(c echo.Context, enabled bool, done string) error {
	p, err := h.identity.Enable(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), enabled)
	if err != nil {
		return err
	}
	return h.done(c, address(p.ID), p.Name+done)
}

// done goes on, unless the act has ended the visitor's own session.
func (h *Handlers) done(c echo.Context, to, notice string) error {
	if err := h.site.Done(c, to, notice); err == nil || !fault.Is(err, fault.NotFound) {
		return err
	}
	return respond.SeeOther(c, "/sign-in")
}

// confirm asks before something is done to a provider.
func (h *Handlers) confirm(c echo.Context, dialog func(identity.Provider) component.AlertDialogModel) error {
	p, err := h.identity.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(dialog(p)), h.showOne)
}

// confirmDisable asks before a provider is disabled.
func (h *Handlers) confirmDisable(c echo.Context) error { return h.confirm(c, disableDialog) }

// confirmRemove asks before a provider is removed.
func (h *Handlers) confirmRemove(c echo.Context) error { return h.confirm(c, removeDialog) }

// remove removes a provider.
func (h *Handlers) remove(c echo.Context) error {
	p, err := h.identity.Remove(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.done(c, kit.ProviderPath, p.Name+" was removed.")
}

// confirmUnlink asks before a member is unlinked.
func (h *Handlers) confirmUnlink(c echo.Context) error {
	return h.confirm(c, func(p identity.Provider) component.AlertDialogModel { return unlinkDialog(p, c.Param("member")) })
}

// unlink unlinks a member from their account at a provider.
func (h *Handlers) unlink(c echo.Context) error {
	m, err := h.identity.Unlink(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), c.Param("member"))
	if err != nil {
		return err
	}
	return h.done(c, address(c.Param("id")), m.Name+" was unlinked.")
}
