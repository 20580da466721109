package sso

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/views/component"
	page "latchkey/views/page/sso"
	"latchkey/web/ui/kit"
)

// requireSection presents whether the people of each domain must sign in with a provider.
func requireSection(p identity.Provider, list []identity.Requirement) page.Section {
	s := page.Section{Card: component.CardModel{ID: "require", Title: "Require single sign-on",
		Description: "People of a required domain sign in with this provider only. Passwords, passkeys and reset links are refused."}}
	for _, r := range list {
		at := kit.Path(address(p.ID), "domains", r.Domain)
		switch {
		case r.Required:
			s.Acts = append(s.Acts, page.Act{Text: r.Domain + " is required. If the provider fails, " + whoKeeps(r.Keepers) + " can still sign in.",
				Button: component.ButtonModel{Label: "Stop requiring", Context: r.Domain, Variant: component.Outline, Href: at + "/free",
					Dialog: true}})
		case r.Problem == "":
			s.Acts = append(s.Acts, page.Act{Text: r.Domain + " is not required.",
				Button: component.ButtonModel{Label: "Require", Context: r.Domain, Variant: component.Outline, Href: at + "/require", Dialog: true}})
		default:
			s.Facts = append(s.Facts, page.Fact{Term: r.Domain, Text: "Not required. " + r.Problem})
		}
	}
	if len(list) == 0 {
		s.Empty = &component.EmptyModel{Icon: "shield-check", Inside: true, Title: "No email domains",
			Text: "List a domain under \"Edit\" to require single sign-on for its people."}
	}
	return s
}

// whoKeeps names the Admins who can sign in without the provider.
func whoKeeps(keepers []account.Member) string {
	const named = 3
	var list []string
	for i, m := range keepers {
		if i == named {
			list = append(list, kit.Count(len(keepers)-named, "other Admin", "other Admins"))
			break
		}
		list = append(list, m.Name+" ("+m.Email+")")
	}
	if len(list) == 0 {
		return "no Admin"
	}
	return kit.Enumerate(list)
}

func requireDialog(p identity.Provider, r identity.Requirement) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "require-domain", Title: "Require single sign-on for " + r.Domain + "?", Confirm: "Yes, require",
		Consequence: "People of " + r.Domain + " can then sign in with " + p.Name + " only, even while it fails. " +
			kit.Count(r.Sessions, "session", "sessions") + " of theirs that began otherwise will end now. Access tokens keep working. " +
			"With a password and a second factor, " + whoKeeps(r.Keepers) + " can still sign in.",
		Action: kit.Path(address(p.ID), "domains", r.Domain, "require"), CancelHref: address(p.ID)}
}

func freeDialog(p identity.Provider, r identity.Requirement) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "free-domain", Title: "Stop requiring single sign-on for " + r.Domain + "?",
		Confirm:     "Yes, stop requiring",
		Consequence: "People of " + r.Domain + " can then also sign in with a password or a passkey.",
		Action:      kit.Path(address(p.ID), "domains", r.Domain, "free"), CancelHref: address(p.ID)}
}

// confirmRequire asks before a domain is required.
func (h *Handlers) confirmRequire(c echo.Context) error {
	return h.confirmRule(c, func(p identity.Provider, r identity.Requirement) (component.AlertDialogModel, error) {
		if r.Problem != "" {
			return component.AlertDialogModel{}, fault.NewConflict(r.Problem)
		}
		if r.Required {
			return component.AlertDialogModel{}, fault.NewConflict("Single sign-on is required for this domain already.")
		}
		return requireDialog(p, r), nil
	})
}

// confirmFree asks before a domain is not required any more.
func (h *Handlers) confirmFree(c echo.Context) error {
	return h.confirmRule(c, func(p identity.Provider, r identity.Requirement) (component.AlertDialogModel, error) {
		return freeDialog(p, r), nil
	})
}

func (h *Handlers) confirmRule(c echo.Context,
	dialog func(identity.Provider, identity.Requirement) (component.AlertDialogModel, error)) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	p, err := h.identity.Get(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	r, err := h.identity.Requirement(ctx, v.Standing, p.ID, c.Param("domain"))
	if err != nil {
		return err
	}
	m, err := dialog(p, r)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(m), h.showOne)
}

// require makes the people of a domain sign in with the provider.
func (h *Handlers) require(c echo.Context) error {
	p, err := h.identity.Require(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), c.Param("domain"))
	if err != nil {
		return err
	}
	return h.done(c, address(p.ID), "Single sign-on is required for "+kit.Shown(c.Param("domain"))+".")
}

// free lets the people of a domain sign in in any way again.
func (h *Handlers) free(c echo.Context) error {
	p, err := h.identity.Free(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), c.Param("domain"))
	if err != nil {
		return err
	}
	return h.site.Done(c, address(p.ID), "Single sign-on is not required for "+kit.Shown(c.Param("domain"))+" any more.")
}
