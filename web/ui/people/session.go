package people

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// sessions returns the section with a member's sessions.
func (h *Handlers) sessions(c echo.Context, v kit.Visit, m account.Member) (component.SessionsModel, error) {
	list, err := h.signIn.List(c.Request().Context(), v.Standing, m.ID)
	return sessionsView(m, list, v), err
}

// sessionsView presents the section. The current session of the visitor, who is then the member,
// ends with all others or by signing out.
func sessionsView(m account.Member, list []signin.Session, v kit.Visit) component.SessionsModel {
	at := kit.Path(kit.UserPath, m.ID, "sessions")
	s := component.SessionsModel{End: "End",
		Card: component.CardModel{ID: "member-sessions", Title: "Sessions", Flush: true,
			Description: "The browsers where " + m.Name + " is signed in. Ending a session does not affect personal access tokens."},
		List: kit.SessionRows(list, v, func(s signin.Session, current bool) string {
			if current {
				return ""
			}
			return kit.Path(at, s.ID, "end")
		}),
		Empty: &component.EmptyModel{Icon: "users-round", Inside: true, Title: "No sessions", Text: m.Name + " is not signed in anywhere."},
	}
	if len(list) > 0 {
		s.All = &component.ButtonModel{Label: "End all sessions", Href: at + "/end-all", Variant: component.DangerQuiet,
			Small: true, Dialog: true}
	}
	return s
}

// endMemberSession ends one session of a member.
func (h *Handlers) endMemberSession(c echo.Context) error {
	v, id := kit.VisitOf(c), c.Param("id")
	if err := h.signIn.EndOf(c.Request().Context(), v.By, id, c.Param("session")); err != nil {
		return err
	}
	if c.Param("session") == v.By.Ref.ID {
		return respond.SeeOther(c, "/sign-in")
	}
	return h.site.Done(c, kit.Path(kit.UserPath, id), "The session was ended.")
}

// confirmEndSessions asks for confirmation before all sessions of a member end.
func (h *Handlers) confirmEndSessions(c echo.Context) error {
	v := kit.VisitOf(c)
	members, err := h.members.ByID(c.Request().Context(), v.Standing, []string{c.Param("id")})
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*endSessionsDialog(members[0], v)), h.showMember)
}

func endSessionsDialog(m account.Member, v kit.Visit) *component.ConfirmModel {
	consequence := "They are signed out everywhere and can sign in again. Their personal access tokens keep working."
	if m.ID == v.Member.ID {
		consequence = "You are signed out everywhere, here too. Your personal access tokens keep working."
	}
	dialog := memberAlert(m, "end-sessions", "End all sessions of "+m.Name+"?", consequence, "End all sessions")
	dialog.Alert.Action = kit.Path(kit.UserPath, m.ID, "sessions") + "/end-all"
	return dialog
}

// endMemberSessions ends all sessions of a member.
func (h *Handlers) endMemberSessions(c echo.Context) error {
	v, id := kit.VisitOf(c), c.Param("id")
	n, err := h.signIn.EndAllOf(c.Request().Context(), v.By, id)
	if err != nil {
		return err
	}
	if id == v.Member.ID {
		return respond.SeeOther(c, "/sign-in")
	}
	return h.site.Done(c, kit.Path(kit.UserPath, id), kit.Count(n, "session was", "sessions were")+" ended.")
}
