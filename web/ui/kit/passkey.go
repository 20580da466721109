package kit

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// FieldPasskey is the field in which a script sends what a passkey answered.
const FieldPasskey = "passkey"

// OptionsPath is what follows the address of a form with [PasskeyForm]: there its script asks for the options.
const OptionsPath = "/options"

// passkeyName is the name of the cookie that says in which browser a passkey was asked for. It is no
// credential.
const passkeyName = "latchkey_passkey"

// PasskeyForm returns a form that a script sends with the answer of a passkey. kind is "create" or "get".
func PasskeyForm(kind, action string, button component.ButtonModel, hidden ...component.HiddenField) *component.PasskeyModel {
	return &component.PasskeyModel{Kind: kind, Action: action, Field: FieldPasskey, Hidden: hidden, Button: button}
}

// PasskeyOptions answers a script with the options for a passkey, or with what is wrong in words.
func (s *Site) PasskeyOptions(c echo.Context, options json.RawMessage, err error) error {
	f := fault.Of(err)
	switch {
	case err == nil:
		respond.JSON(c.Response(), http.StatusOK, options)
		return nil
	case f == nil || f.Kind == fault.Internal:
		return err
	}
	RetryAfter(c, f)
	respond.JSON(c.Response(), respond.Status(f.Kind), map[string]string{"message": f.Message})
	return nil
}

// PasskeyToSignIn returns the options with which a visitor's browser asks for any passkey of this server.
func (s *Site) PasskeyToSignIn(c echo.Context) (json.RawMessage, error) {
	options, secret, err := s.signIn.PasskeyToSignIn(c.Request().Context(), Origin(c))
	if err == nil {
		s.sessions.keep(c.Response(), c.Request(), passkeyName, secret.Reveal(), signin.ChallengeLife)
	}
	return options, err
}

// SignInByPasskey signs a visitor in with what their passkey answered, and sends the new session to the
// browser.
func (s *Site) SignInByPasskey(c echo.Context, answer string) error {
	r := c.Request()
	started, err := s.signIn.SignInByPasskey(r.Context(), random.Secret(s.sessions.kept(r, passkeyName)), answer,
		s.sessions.Browser(r), Origin(c))
	if err != nil {
		return err
	}
	s.sessions.keep(c.Response(), r, passkeyName, "", -time.Second)
	return s.sessions.Begin(c.Response(), r, started)
}

// PasskeyToConfirm returns the options with which the browser asks for a passkey of the member whose sign-in
// waits for the second factor.
func (s *Site) PasskeyToConfirm(c echo.Context) (json.RawMessage, error) {
	return s.signIn.PasskeyToConfirm(c.Request().Context(), s.sessions.waiting(c.Request()), Origin(c))
}

// Choices returns with what the browser's sign-in that waits can be confirmed. The error is Unauthenticated if
// there is none any more.
func (s *Site) Choices(c echo.Context) (signin.Choices, error) {
	return s.signIn.Choices(c.Request().Context(), s.sessions.waiting(c.Request()))
}
