package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/web/respond"
)

// whoAmI is the response of GET /v2/token. It describes the caller's token without its secret.
type whoAmI struct {
	Token tokenFacts `json:"token"`
}

type tokenFacts struct {
	ID           string   `json:"id"`
	Kind         string   `json:"kind"` // personal, workspace, organization
	Name         string   `json:"name"`
	Hint         string   `json:"hint"`
	Scope        *string  `json:"scope"` // read_only, read_write, admin; null for service tokens
	Owner        *person  `json:"owner"` // null for service tokens
	Workspace    *place   `json:"workspace"`
	Organization place    `json:"organization"`
	CreatedAt    string   `json:"createdAt"`
	ExpiresAt    *string  `json:"expiresAt"`   // null: never
	Permissions  []string `json:"permissions"` // for all resources
	// LimitedPermissions apply to some resources only: those in ids, or with all set every
	// resource except those in ids.
	LimitedPermissions access.Policy `json:"limitedPermissions"`
}

type place struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// WhoAmI serves GET /v2/token.
func (h *Handlers) WhoAmI(c echo.Context) error {
	respond.JSON(c.Response(), http.StatusOK, whoAmI{factsOf(Token(c))})
	return nil
}

func factsOf(v verify.Verified) tokenFacts {
	holder := v.Holder()
	facts := tokenFacts{ID: v.ID(), Kind: string(v.Kind()), Name: v.Name(), Hint: v.Hint(),
		Organization: place{holder.Organization, v.Organization()},
		CreatedAt:    audit.FormatTime(v.CreatedAt()), ExpiresAt: maybeTime(v.ExpiresAt()),
		Permissions: make([]string, 0, len(v.Permissions())), LimitedPermissions: v.Limited()}
	if v.Kind() == token.Personal {
		scope := string(holder.Scope)
		facts.Scope, facts.Owner = &scope, &person{holder.Owner, v.Owner(), v.Email()}
	}
	if holder.Workspace != "" {
		facts.Workspace = &place{holder.Workspace, v.Workspace()}
	}
	for _, p := range v.Permissions() {
		facts.Permissions = append(facts.Permissions, string(p))
	}
	return facts
}

// maybeTime formats a time for the API. It returns nil for the zero time.
func maybeTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := audit.FormatTime(t)
	return &text
}
