// Package problem renders the error page.
package problem

import "latchkey/views/component"

// Problem is an error page.
type Problem struct {
	Title     string
	Text      string
	RequestID string // for a report; shown if the fault is on our side
	Link      component.Link
}
