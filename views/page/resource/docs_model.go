package resource

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// APIDocs is the page that shows the OpenAPI document.
type APIDocs struct {
	Shell    *layout.Shell // nil if the reader is not signed in
	Base     layout.Page   // used without Shell
	Header   component.PageHeaderModel
	Intro    []string // paragraphs
	Document component.Link
	Statuses []component.Definition // what each status means
	Groups   []APIGroup
}

// APIGroup is a group of operations on one subject.
type APIGroup struct {
	ID          string // anchor
	Name        string
	Description string
	Operations  []APIOperation
}

// APIOperation is one method of one path.
type APIOperation struct {
	ID          string // anchor
	Method      string
	Path        string
	Summary     string
	Description string
	Permissions []string
	Parameters  []APIField
	BodyNote    string
	Body        []APIField
	Statuses    string // "200, 401, 404"
}

// APIField is a parameter or a member of a body.
type APIField struct {
	Name string
	Note string // type and whether it is required
	Text string
}
