// Package notify serves the tab "Notifications": webhooks, their secrets and their deliveries, and when tokens are
// warned of. It also serves the page "Calendar link" and the calendars.
//
// It calls the domain packages notify and warning. What sends the messages runs in the background.
package notify

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/notify"
	"latchkey/internal/verify"
	"latchkey/internal/warning"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	notify   *notify.Service
	warnings *warning.Service
	feeds    *verify.Limiter
}

// New returns the handlers of the area.
func New(site *kit.Site, service *notify.Service, warnings *warning.Service, now func() time.Time) *Handlers {
	return &Handlers{site: site, notify: service, warnings: warnings, feeds: newFeedLimiter(now)}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const one = kit.NotificationPath + "/:id"
	return []kit.Page{
		kit.Get(kit.NotificationPath, kit.Member, access.ManageOrganization, h.list),
		kit.Get(kit.NotificationPath+"/new", kit.Member, access.ManageOrganization, h.newWebhook),
		kit.Post(kit.NotificationPath, kit.Member, access.ManageOrganization, h.add),
		kit.Get(warningPath, kit.Member, access.ManageOrganization, h.editDays),
		kit.Post(warningPath, kit.Member, access.ManageOrganization, h.saveDays),
		kit.Get(kit.CalendarPath, kit.Member, "", h.calendar),
		kit.Post(kit.CalendarPath, kit.Member, "", h.makeCalendar),
		kit.Get(kit.CalendarPath+"/revoke", kit.Member, "", h.confirmRevoke),
		kit.Post(kit.CalendarPath+"/revoke", kit.Member, "", h.revoke),
		kit.Get(kit.FeedPath+"/:file", kit.Open, "", h.feed),
		kit.Get(one, kit.Member, access.ManageOrganization, h.webhook),
		kit.Get(one+"/edit", kit.Member, access.ManageOrganization, h.edit),
		kit.Post(one+"/edit", kit.Member, access.ManageOrganization, h.save),
		kit.Post(one+"/test", kit.Member, access.ManageOrganization, h.test),
		kit.Post(one+"/enable", kit.Member, access.ManageOrganization, h.enable(true)),
		kit.Post(one+"/disable", kit.Member, access.ManageOrganization, h.enable(false)),
		kit.Get(one+"/roll", kit.Member, access.ManageOrganization, h.confirmRoll),
		kit.Post(one+"/roll", kit.Member, access.ManageOrganization, h.roll),
		kit.Get(one+"/delete", kit.Member, access.ManageOrganization, h.confirmDelete),
		kit.Post(one+"/delete", kit.Member, access.ManageOrganization, h.delete),
		kit.Get(one+"/deliveries/:delivery", kit.Member, access.ManageOrganization, h.delivery),
		kit.Post(one+"/deliveries/:delivery/again", kit.Member, access.ManageOrganization, h.sendAgain),
	}
}
