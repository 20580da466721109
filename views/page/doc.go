// Package page holds one templ file per page and, next to it, a *_model.go of
// display-ready fields. A page arranges components; it loads nothing, decides nothing
// and formats nothing.
package page
