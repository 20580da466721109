package scim

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/web/respond"
)

// readBody reads the whole body, up to the server's limit.
func readBody(c echo.Context) ([]byte, error) {
	body, err := io.ReadAll(c.Request().Body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.NewTooLarge("The request is too large for this server.")
	}
	if err != nil {
		f := fault.NewInvalid("The body could not be read.")
		f.Cause = err
		return nil, f
	}
	return body, nil
}

// readResource parses a complete user or group and records its name.
func readResource(c echo.Context, name string) (map[string]any, error) {
	raw, err := readBody(c)
	if err != nil {
		return nil, err
	}
	body, err := provision.ParseBody(raw)
	if err != nil {
		return nil, err
	}
	for key, value := range body {
		if strings.EqualFold(key, name) {
			about(c, value)
		}
	}
	_, err = asked(c) // before anything changes
	return body, err
}

// readPatch parses the operations of a PATCH request.
func readPatch(c echo.Context) ([]provision.Operation, error) {
	raw, err := readBody(c)
	if err != nil {
		return nil, err
	}
	if _, err := asked(c); err != nil { // before anything changes
		return nil, err
	}
	return provision.ParsePatch(raw)
}

// answerResource sends one resource, its entity tag and, if it is new, its URL.
func answerResource(c echo.Context, status int, t provision.Resource, r provision.Rendered, name string) error {
	h := c.Response().Header()
	h.Set("ETag", r.Version)
	about(c, r.Document[name])
	if status == http.StatusCreated {
		h.Set("Location", r.Location)
	}
	if unmodified(c.Request(), r.Version) {
		return c.NoContent(http.StatusNotModified)
	}
	want, err := asked(c)
	if err != nil {
		return err
	}
	respond.SCIM(c.Response(), status, t.Pick(r.Document, want))
	return nil
}

// unmodified reports whether the client has this version already (If-None-Match).
func unmodified(r *http.Request, version string) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version, "W/") {
			return true
		}
	}
	return false
}

// asked returns the attributes selected in the URL of a request.
func asked(c echo.Context) (provision.Attributes, error) {
	return wanted(c.QueryParam("attributes"), c.QueryParam("excludedAttributes"))
}

// wanted returns the selected attributes. Selecting both some and all but some is Invalid.
func wanted(only, without string) (provision.Attributes, error) {
	if only != "" && without != "" {
		return provision.Attributes{}, fault.NewInvalid("Use either attributes or excludedAttributes.")
	}
	return provision.Attributes{Only: provision.SplitAttributes(only), Without: provision.SplitAttributes(without)}, nil
}

// listResponse is one page of a list (RFC 7644 §3.4.2).
type listResponse struct {
	Schemas      []string `json:"schemas"`
	Total        int      `json:"totalResults"`
	ItemsPerPage int      `json:"itemsPerPage"`
	StartIndex   int      `json:"startIndex"`
	Resources    []any    `json:"Resources"`
}

func answerList(c echo.Context, total, start int, resources []any) error {
	respond.SCIM(c.Response(), http.StatusOK, listResponse{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		Total: total, ItemsPerPage: len(resources), StartIndex: start, Resources: resources})
	return nil
}

// answerPage is answerList for resources, with the wanted attributes.
func answerPage(c echo.Context, t provision.Resource, list provision.List, want provision.Attributes) error {
	resources := make([]any, len(list.Items))
	for i, r := range list.Items {
		resources[i] = t.Pick(r.Document, want)
	}
	return answerList(c, list.Total, list.StartIndex, resources)
}

// readQuery parses the parameters of a list.
func readQuery(c echo.Context) (provision.ListQuery, provision.Attributes, error) {
	// Malformed parts would be dropped silently, and a list without its filter has everybody
	// in it.
	if _, err := url.ParseQuery(c.Request().URL.RawQuery); err != nil {
		return provision.ListQuery{}, provision.Attributes{}, fault.NewInvalid("The query of the URL is malformed.")
	}
	q := provision.ListQuery{Filter: c.QueryParam("filter"), SortBy: c.QueryParam("sortBy"),
		Descending: strings.EqualFold(c.QueryParam("sortOrder"), "descending"), StartIndex: 1}
	if text := c.QueryParam("startIndex"); text != "" {
		n, err := whole(text)
		if err != nil {
			return q, provision.Attributes{}, err
		}
		q.StartIndex = n
	}
	if text := c.QueryParam("count"); text != "" {
		n, err := whole(text)
		if err != nil {
			return q, provision.Attributes{}, err
		}
		q.Count = &n
	}
	want, err := asked(c)
	return q, want, err
}

func whole(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range, Atoi returns the nearest value
		return 0, fault.NewInvalid("The parameters startIndex and count must be whole numbers.")
	}
	return int(n), nil
}

// readSearch parses the parameters of a list from the body of a search (RFC 7644 §3.4.3).
func readSearch(c echo.Context) (provision.ListQuery, provision.Attributes, error) {
	q := provision.ListQuery{StartIndex: 1}
	raw, err := readBody(c)
	if err != nil {
		return q, provision.Attributes{}, err
	}
	search, err := provision.ParseSearch(raw)
	return search.Query, search.Want, err
}
