// Package problem shows what went wrong.
package problem

import "latchkey/views/component"

// Problem is an error page.
type Problem struct {
	Title     string
	Text      string
	RequestID string // for a report; shown when something is wrong on our side
	Link      component.Link
}
