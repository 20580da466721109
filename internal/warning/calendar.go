package warning

import (
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/token"
)

// calendar returns tokens as a calendar of RFC 5545, with an event at the end of each. The id of an event is that of
// the token, so that a program moves the event if the token gets another end. Every answer is a new revision, so now
// is the time of all of its events.
func calendar(list []token.Token, now time.Time, link func(token string) string) string {
	var c lines
	c.add("BEGIN", "VCALENDAR")
	c.add("VERSION", "2.0")
	c.add("PRODID", "-//Latchkey//Tokens//EN")
	c.add("CALSCALE", "GREGORIAN")
	c.text("NAME", "Latchkey tokens") // RFC 7986, and the older name that more programs read
	c.text("X-WR-CALNAME", "Latchkey tokens")
	c.add("REFRESH-INTERVAL;VALUE=DURATION", "PT6H")
	c.add("X-PUBLISHED-TTL", "PT6H")
	// A calendar has at least one component, also without tokens.
	for _, l := range [][2]string{{"BEGIN", "VTIMEZONE"}, {"TZID", "UTC"}, {"BEGIN", "STANDARD"}, {"DTSTART", "19700101T000000"},
		{"TZOFFSETFROM", "+0000"}, {"TZOFFSETTO", "+0000"}, {"END", "STANDARD"}, {"END", "VTIMEZONE"}} {
		c.add(l[0], l[1])
	}
	for _, t := range list {
		c.event(t, now, link(t.ID))
	}
	c.add("END", "VCALENDAR")
	return c.String()
}

func (c *lines) event(t token.Token, now time.Time, link string) {
	c.add("BEGIN", "VEVENT")
	c.add("UID", "token-"+t.ID+"@latchkey")
	c.add("DTSTAMP", utc(now))
	c.add("DTSTART", utc(t.ExpiresAt))
	c.text("SUMMARY", "Token "+t.Name+" expires")
	about := t.Kind.Label()
	if t.WorkspaceName != "" {
		about += " in " + t.WorkspaceName
	}
	c.text("DESCRIPTION", about+"\n"+link)
	c.add("URL", link)
	c.add("CLASS", "PRIVATE")
	c.add("TRANSP", "TRANSPARENT")
	c.add("END", "VEVENT")
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// lines is a text of content lines (section 3.1).
type lines struct{ strings.Builder }

// mostOctets is how long a line may be without its end.
const mostOctets = 75

// add adds a line, folded so that no part is too long and no character is cut.
func (c *lines) add(name, value string) {
	room := mostOctets
	for _, r := range name + ":" + value {
		if n := utf8.RuneLen(r); n <= room {
			room -= n
		} else {
			c.WriteString("\r\n ")
			room = mostOctets - 1 - n
		}
		c.WriteRune(r)
	}
	c.WriteString("\r\n")
}

// text adds a line whose value is of the type TEXT (section 3.3.11).
func (c *lines) text(name, value string) {
	value = strings.Map(func(r rune) rune { // control characters cannot be escaped
		if r < ' ' && r != '\n' && r != '\t' || r == '\u007f' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD"))
	c.add(name, strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(value))
}
