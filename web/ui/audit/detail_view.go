package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// detailView returns one event in full. Closing it returns to the list in state q.
func detailView(v kit.Visit, e audit.Event, what page.Sentence, carrier audit.TokenName, words policyui.Words, q logQuery) *page.Detail {
	m := &page.Detail{
		Dialog: component.DialogModel{ID: "audit-event", Title: eventLabel(e), Description: what.String() + ".", CloseHref: q.at(),
			Wide: true, Read: true},
		Change: changeView(v, e, words),
	}
	add := func(term, text, note string, code bool) {
		if text != "" {
			m.Facts = append(m.Facts, page.Fact{Term: term, Text: text, Note: note, Code: code})
		}
	}
	add("When", kit.AbsoluteSeconds(e.When(), v.Now), kit.Relative(e.When(), v.Now), false)
	if !e.When().Equal(e.Time) {
		add("Time in the log", kit.AbsoluteSeconds(e.Time, v.Now),
			"The clock was set back, or clocks differ. The order of the log is kept.", false)
	}
	add("User", actorName(e), e.ActorEmail, false)
	if e.TokenID != "" {
		add("Token used", cmpOr(carrier.Name, e.TokenID), carrier.Hint, false)
	}
	add("Target", cmpOr(e.Target.Name, e.Target.ID), typeLabel(e.Target.Type), false)
	if e.Workspace != "" {
		add("Workspace", workspaceName(v, e.Workspace), "", false)
	}
	if isReport(e) {
		fields := stateFields(e.After)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			add(fieldLabel(name), stateText(v, name, fields[name]), "", false)
		}
	}
	add("IP address", e.Origin.IP, "", true)
	add("User agent", e.Origin.UserAgent, "", false)
	add("Request ID", e.Origin.RequestID, "", true)
	add("Event ID", e.ID, "", true)
	add("In the chain", fmt.Sprintf("Event %s", kit.Thousands(int(e.Seq))), hex.EncodeToString(e.Hash), false)
	m.Links = detailLinks(e)
	return m
}

// detailLinks returns links to the other events of the same actor, token and target.
func detailLinks(e audit.Event) []component.Link {
	var out []component.Link
	if e.ActorID != "" {
		out = append(out, component.Link{Label: "Everything that " + actorName(e) + " did", Href: logQuery{}.with(paramBy, e.ActorID).at()})
	}
	if e.Target.ID != "" && e.Target.ID != e.ActorID {
		out = append(out, component.Link{Label: "Everything about " + cmpOr(e.Target.Name, "this "+typeNoun(e.Target.Type)),
			Href: logQuery{}.with(kit.ParamAbout, e.Target.ID).at()})
	}
	if e.TokenID != "" && e.TokenID != e.ActorID && e.TokenID != e.Target.ID {
		out = append(out, component.Link{Label: "Everything about the token used", Href: logQuery{}.with(kit.ParamAbout, e.TokenID).at()})
	}
	return out
}

func cmpOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func workspaceName(v kit.Visit, id string) string {
	for _, w := range v.Workspaces {
		if w.ID == id {
			return w.Name
		}
	}
	return id + " (deleted)"
}

// isReport reports whether an event is about something that changed nothing, such as a failed
// sign-in. Its After then describes what happened, not a state.
func isReport(e audit.Event) bool {
	return e.Target.Type == audit.TargetSCIMRequest || e.Action == audit.AccessDenied || e.Action == audit.UsedAfterRevocation ||
		e.Action == audit.SignInFailed || e.Action == audit.ConfirmFailed || e.Action == audit.Confirmed
}

// changeView returns what the event changed. It returns nil if the event has no state.
func changeView(v kit.Visit, e audit.Event, words policyui.Words) *page.Change {
	if e.Before == "" && e.After == "" || isReport(e) {
		return nil
	}
	m := &page.Change{}
	if e.Target.Type == audit.TargetPolicy || e.Target.Type == audit.TargetPermission {
		before, errBefore := statePolicy([]byte(e.Before))
		after, errAfter := statePolicy([]byte(e.After))
		if errBefore == nil && errAfter == nil {
			m.Gained, m.Lost = words.Difference(before, after)
			if len(m.Gained)+len(m.Lost) == 0 {
				m.Note = "No permissions changed."
			}
			return m
		}
	}
	before, after := stateFields(e.Before), stateFields(e.After)
	m.Gained, m.Lost = tokenPolicies(before, after, words)
	for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
		was, is := stateText(v, name, before[name]), stateText(v, name, after[name])
		switch {
		case e.Before == "":
			m.Facts = append(m.Facts, page.Fact{Term: fieldLabel(name), Text: is})
		case e.After == "":
			m.Facts = append(m.Facts, page.Fact{Term: fieldLabel(name), Text: was})
		case was != is:
			m.Facts = append(m.Facts, page.Fact{Term: fieldLabel(name), Text: is, Note: "Before: " + was})
		}
	}
	m.Title = changeTitle(e)
	return m
}

// changeTitle returns the heading above the fields of the target.
func changeTitle(e audit.Event) string {
	switch {
	case e.Before != "" && e.After != "":
		return "What changed"
	case e.After == "":
		return "As it was"
	case e.Action == audit.Created || e.Action == audit.AddedToOrganization:
		return "As created"
	}
	return "Details"
}

// statePolicy reads a policy of an event. An empty text is an empty policy.
func statePolicy(text []byte) (access.Policy, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return access.Policy{}, nil
	}
	return access.ParsePolicy(string(text))
}

// tokenPolicies removes the policy from a token's fields and returns its difference in words.
func tokenPolicies(before, after map[string]json.RawMessage, words policyui.Words) (gained, lost []string) {
	was, errBefore := statePolicy(before["policy"])
	is, errAfter := statePolicy(after["policy"])
	if errBefore != nil || errAfter != nil {
		return nil, nil // shown as it is
	}
	delete(before, "policy")
	delete(after, "policy")
	return words.Difference(was, is)
}

// stateFields returns the fields of a state. A state that is no JSON object becomes one field.
func stateFields(state string) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if state == "" {
		return fields
	}
	if json.Unmarshal([]byte(state), &fields) != nil {
		text, _ := json.Marshal(state) // a string always marshals
		return map[string]json.RawMessage{"state": text}
	}
	return fields
}

func union(a, b map[string]json.RawMessage) map[string]json.RawMessage {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// stateText returns the value of a field for people to read.
func stateText(v kit.Visit, name string, raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		switch name {
		case "workspace":
			return workspaceName(v, text)
		case "scope":
			return access.Scope(text).Label()
		case "kind":
			return token.Kind(text).Label()
		case "retention":
			if kept, err := time.ParseDuration(text); err == nil && kept >= kit.Day {
				return kit.Count(int(kept/kit.Day), "day", "days")
			}
		}
	}
	return valueText(raw, v.Now)
}

// valueText returns a JSON value for people to read, whatever its field.
func valueText(raw json.RawMessage, now time.Time) string {
	var value any
	if len(raw) == 0 || json.Unmarshal(raw, &value) != nil || value == nil {
		return "–"
	}
	switch v := value.(type) {
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	case string:
		if t, err := time.Parse(audit.TimeFormat, v); err == nil {
			return kit.Absolute(t, now)
		}
		return cmpOr(plaintext.Clip(v, 500), "–")
	case []any:
		var list []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return plaintext.Clip(string(raw), 500)
			}
			list = append(list, text)
		}
		return cmpOr(plaintext.Clip(strings.Join(list, ", "), 500), "–")
	}
	return plaintext.Clip(string(raw), 500)
}

// fieldLabel turns the name of a JSON field into words: "expiresAt" is "Expires at".
func fieldLabel(name string) string {
	switch name {
	case "hint":
		return "Token"
	case "scimType":
		return "SCIM error"
	case "seq":
		return "Up to event"
	}
	var b strings.Builder
	for i, r := range strings.ReplaceAll(name, "_", " ") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return kit.UpperFirst(b.String())
}
