package provision

import (
	"encoding/json"
	"slices"
	"strings"
)

// MessageSearch is the schema of a search by POST.
const MessageSearch = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

// SearchRequest is a list request sent as a body (RFC 7644 §3.4.3).
type SearchRequest struct {
	Query ListQuery
	Want  Attributes
}

// ParseSearch parses the body of a search. The error is a Problem of type InvalidSyntax, or
// InvalidValue if it has both attributes and excludedAttributes.
func ParseSearch(body []byte) (SearchRequest, error) {
	var wire struct {
		Schemas    []string `json:"schemas"`
		Attributes []string `json:"attributes"`
		Excluded   []string `json:"excludedAttributes"`
		Filter     string   `json:"filter"`
		SortBy     string   `json:"sortBy"`
		SortOrder  string   `json:"sortOrder"`
		StartIndex *int     `json:"startIndex"`
		Count      *int     `json:"count"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return SearchRequest{}, invalid(InvalidSyntax, "The body is not a search request.")
	}
	if !slices.ContainsFunc(wire.Schemas, func(s string) bool { return strings.EqualFold(s, MessageSearch) }) {
		return SearchRequest{}, invalid(InvalidSyntax, "The attribute schemas does not name %s.", MessageSearch)
	}
	if len(wire.Attributes) > 0 && len(wire.Excluded) > 0 {
		return SearchRequest{}, invalid(InvalidValue, "Use either attributes or excludedAttributes.")
	}
	s := SearchRequest{Want: Attributes{Only: wire.Attributes, Without: wire.Excluded}}
	s.Query = ListQuery{Filter: wire.Filter, SortBy: wire.SortBy, StartIndex: 1, Count: wire.Count,
		Descending: strings.EqualFold(wire.SortOrder, "descending")}
	if wire.StartIndex != nil {
		s.Query.StartIndex = *wire.StartIndex
	}
	return s, nil
}
