package kit

import (
	"cmp"
	"slices"

	"latchkey/internal/signin"
	"latchkey/views/component"
)

// SessionRows returns the rows of a list of sessions, the visitor's current one first. endHref
// returns the address that ends a session, or "".
func SessionRows(list []signin.Session, v Visit, endHref func(s signin.Session, current bool) string) []component.SessionRow {
	rows := make([]component.SessionRow, 0, len(list))
	for _, s := range list {
		row := component.SessionRow{Device: signin.DeviceName(s.UserAgent), IP: cmp.Or(s.IP, "unknown"), Current: s.ID == v.By.Ref.ID,
			Started: When(s.CreatedAt, v.Now), LastSeen: When(s.LastSeenAt, v.Now)}
		if row.EndHref = endHref(s, row.Current); row.Current {
			rows = slices.Insert(rows, 0, row)
			continue
		}
		rows = append(rows, row)
	}
	return rows
}
