package app

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/mail"
	"latchkey/internal/store"
	"latchkey/internal/warning"
	"latchkey/web/ui"
)

// wireWarnings builds the use cases of warnings. They are sent by mail unless mailer is nil.
func (a *App) wireWarnings(catalogue *access.Catalogue, now func() time.Time, mailer *mail.Sender) {
	d := warning.Deps{Store: store.Warnings(a.Store), Queue: store.WarningQueue(a.Store), Unused: store.Unused(a.Store),
		Catalogue: catalogue, Now: now,
		Link: func(token string) string { return ui.TokenLink(a.public.URL(), token) }}
	if mailer != nil { // an interface that holds a nil pointer is not nil
		d.Mailer = mailer
	}
	a.Warnings = warning.New(d)
}
