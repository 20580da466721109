package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/web/respond"
)

// metadata is defined by RFC 8414, section 2. No endpoint issues tokens, because people
// generate them in the dashboard, so response and grant types are empty.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	ResponseTypes            []string `json:"response_types_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	Documentation            string   `json:"service_documentation"`
}

// docsPath is the page with the API's documentation.
const docsPath = "/docs/api"

// Metadata serves GET /.well-known/oauth-authorization-server.
func (h *Handlers) Metadata(c echo.Context) error {
	issuer := h.d.Issuer()
	respond.JSON(c.Response(), http.StatusOK, metadata{
		Issuer: issuer, ResponseTypes: []string{}, GrantTypes: []string{},
		IntrospectionEndpoint: issuer + introspectPath, IntrospectionAuthMethods: authMethods(),
		RevocationEndpoint: issuer + "/oauth2/revoke", RevocationAuthMethods: authMethods(),
		Documentation: issuer + docsPath,
	})
	return nil
}
