package audit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/audit"
	"latchkey/internal/token"
	"latchkey/web/ui/kit"
)

// changesRules reports whether an event tells of a change of the token rules.
func changesRules(e audit.Event) bool {
	return e.Target.Type == audit.TargetOrganization && e.Action == audit.Updated && stateFields(e.After)["tokenRules"] != nil
}

// ruleWord is how a sentence names a rule, and its values.
type ruleWord struct {
	field, name string
	value       func(raw json.RawMessage) string
}

// ruleWords returns the words for the rules in the order of their page.
func ruleWords() []ruleWord {
	days, most := numberWords("day", "days", "unlimited"), numberWords("token", "tokens", "unlimited")
	never := numberWords("day", "days", "never")
	return []ruleWord{
		{"personalLongestDays", "longest lifetime of personal access tokens", days},
		{"personalMustExpire", "personal access tokens without expiration", switchWords("allowed", "not allowed")},
		{"personalDefaultDays", "default expiration of personal access tokens", days},
		{"personalMakers", "who may generate personal access tokens", makerWords},
		{"personalMakerGroups", "groups that may generate personal access tokens", func(raw json.RawMessage) string {
			var ids []string
			_ = json.Unmarshal(raw, &ids) // none
			return kit.Count(len(ids), "group", "groups")
		}},
		{"personalScopes", "scopes of personal access tokens", func(raw json.RawMessage) string {
			if strings.Contains(string(raw), "read_write") {
				return "Read-Only and Read-Write"
			}
			return "Read-Only"
		}},
		{"personalPerMember", "personal access tokens per member", most},
		{"serviceLongestDays", "longest lifetime of service access tokens", days},
		{"serviceMustExpire", "service access tokens without expiration", switchWords("allowed", "not allowed")},
		{"serviceDefaultDays", "default expiration of service access tokens", days},
		{"serviceNeedsAddresses", "allowed addresses for service access tokens", switchWords("optional", "required")},
		{"suspendUnusedDays", "suspending unused tokens", never},
		{"selfRotation", "rotation of tokens by themselves", switchWords("forbidden", "allowed")},
		{"suspendReused", "suspending reused tokens", switchWords("off", "on")},
	}
}

// numberWords returns the words for a number, with another word for 0.
func numberWords(one, several, none string) func(json.RawMessage) string {
	return func(raw json.RawMessage) string {
		n, err := strconv.Atoi(string(raw))
		if err != nil || n == 0 {
			return none
		}
		return kit.Count(n, one, several)
	}
}

// switchWords returns the words for a switch.
func switchWords(off, on string) func(json.RawMessage) string {
	return func(raw json.RawMessage) string {
		if string(raw) == "true" {
			return on
		}
		return off
	}
}

func makerWords(raw json.RawMessage) string {
	switch strings.Trim(string(raw), `"`) {
	case string(token.InGroups):
		return "members of chosen groups"
	case string(token.Nobody):
		return "nobody"
	}
	return "everybody"
}

// changedRules returns which rules an event changed: ": longest lifetime of personal access tokens from unlimited to 30
// days", and what happened to the tokens that broke them.
func changedRules(e audit.Event) string {
	before, after := stateFields(e.Before), stateFields(e.After)
	var parts []string
	for _, w := range ruleWords() {
		switch was, is := w.value(before[w.field]), w.value(after[w.field]); {
		case string(before[w.field]) == string(after[w.field]):
		case was == is: // other groups, as many
			parts = append(parts, w.name)
		default:
			parts = append(parts, w.name+" from "+was+" to "+is)
		}
	}
	if n := len(parts); n > kit.MaxNames {
		parts = append(slices.Clone(parts[:kit.MaxNames-1]), kit.Count(n-kit.MaxNames+1, "other", "others"))
	}
	text := strings.Join(parts, "; ")
	if text != "" {
		text = ": " + text
	}
	if n, err := strconv.Atoi(string(after["breaking"])); err == nil && n > 0 {
		text += ". " + kit.Count(n, "token broke", "tokens broke") + " them and "
		switch one := n == 1; token.Answer(stringIn(after, "decision")) {
		case token.Shorten:
			text += be(one) + " shortened"
		case token.Suspend:
			text += be(one) + " suspended"
		default:
			text += be(one) + " left until the end"
		}
	}
	return text
}

func be(one bool) string {
	if one {
		return "was"
	}
	return "were"
}
