package store

import (
	"encoding/json"
	"regexp"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// valueRule is what every value of some columns must be.
type valueRule struct {
	words   string   // completes "table.column of the row …"
	columns []string // as table.column, or column for that of every table
	holds   func(v any) bool
}

// valueRules returns the rules for single values, besides that every value is of its column's type and
// every text is Unicode. NULL is not checked: columns that may not be NULL are the database's.
func valueRules() []valueRule {
	id := regexp.MustCompile(`^[0-9A-Za-z]{27}$`)
	password := regexp.MustCompile(`^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`)
	lower := func(text string) bool { return text == strings.ToLower(text) }
	return []valueRule{
		{"is no id", []string{"organizations.id", "workspaces.id", "members.id", "groups.id", "policies.id", "tokens.id", "sessions.id",
			"invitations.id", "resources.id", "connections.id", "script_versions.id", "api_clients.id", "policy_presets.id", "webhooks.id",
			"warning_mails.id", "factors.id", "factor_id", "organization_id", "member_id", "group_id", "workspace_id", "owner_id", "token_id",
			"shown_version", "made_by", "suspended_by", "identity_providers.id", "provider_id", "session_id"}, maybe(id.MatchString)},
		{"is no digest", []string{"digest", "hash"}, ofSize(32)},
		{"is no signature", []string{"signature"}, ofSize(64)},
		{"does not have 32 bytes", []string{"passkey_challenges.challenge", "passkey_users.handle"}, ofSize(32)},
		{"is no time", []string{"created_at", "updated_at", "deleted_at", "expires_at", "accepted_at", "last_seen_at", "last_used_at",
			"published_at", "deployed_at", "written_at", "removed_at", "signed_at", "at", "admin_until", "window_start",
			"previous_until", "suspended_at", "made_at", "first_used_at", "own_end_at", "ended_at", "queued_at", "next_at", "tried_at",
			"demoted_at", "proven_at", "chosen_at", "looked_at", "ends_at", "seen_at", "warned_at", "sent_at",
			"signed_in_at", "confirmed_at", "idle_since", "noticed_at", "factor_from", "metadata_at",
			"passed_at"}, isTime},
		{"is no policy", []string{"policies.body", "tokens.policy"}, maybe(func(text string) bool {
			p, err := access.ParsePolicy(text)
			return err == nil && p.String() == text
		})},
		{"is not JSON", []string{"config", "document", "summary", "report", "migration_items.body", "after_state", "last_used_from", "flash",
			"resource_secrets.path", "policy_presets.grants", "webhook_secrets.path", "webhooks.events", "muted", "factor_secrets.path",
			"webhook_deliveries.body", "identity_provider_secrets.path", "domains", "group_table", "checks", "claims",
			"sweep", "gaps", "transports", "metadata", "proof"},
			maybe(func(text string) bool { return json.Valid([]byte(text)) })},
		{"is no password hash", []string{"password_hash"}, maybe(password.MatchString)},
		{"is not in lower case", []string{"members.email", "invitations.email", "warning_mails.email", "token_contacts.email"}, maybe(lower)},
		{"is no list of address ranges", []string{"addresses"}, maybe(func(text string) bool {
			_, err := actor.StoredRanges(text)
			return err == nil
		})},
		{"are no token rules", []string{"token_rules.body"}, maybe(func(text string) bool {
			_, err := token.ParseRules(text)
			return err == nil
		})},
		{"is no scope", []string{"tokens.scope"}, maybe(func(text string) bool {
			return access.Scope(text).Label() != text
		})},
	}
}

// maybe returns a rule for texts that may be empty.
func maybe(holds func(string) bool) func(any) bool {
	return func(v any) bool {
		text, ok := v.(string)
		return ok && (text == "" || holds(text))
	}
}

func ofSize(n int) func(any) bool {
	return func(v any) bool {
		b, ok := v.([]byte)
		return ok && len(b) == n
	}
}

// isTime accepts milliseconds from 2001 to 9999, and 0 for never.
func isTime(v any) bool {
	const first, last = 978_307_200_000, 253_402_300_799_999
	ms, ok := v.(int64)
	return ok && (ms == 0 || ms >= first && ms <= last)
}

// rowRules returns what the values of a row must be together, by table.
func rowRules() map[string]struct {
	words string
	holds func(row map[string]any) bool
} {
	type rule = struct {
		words string
		holds func(row map[string]any) bool
	}
	return map[string]rule{
		"tokens": {"has a name and a name_key that differ", func(row map[string]any) bool {
			name, ok := row["name"].(string)
			key, ok2 := row["name_key"].(string)
			return ok && ok2 && plaintext.NameKey(name) == key
		}},
	}
}

// referenceRule is a query for what must not be: the ids of rows that refer to nothing, or to what is
// elsewhere.
type referenceRule struct{ name, words, query string }

// referenceRules returns the rules that the foreign keys do not keep.
func referenceRules() []referenceRule {
	const counted = `CASE WHEN expires_at <= (SELECT until FROM token_settled) THEN 0 ELSE -1 END`
	return []referenceRule{
		{"token_owner", "a personal token that works has no owner",
			`SELECT t.id FROM tokens t WHERE t.deleted_at IS NULL AND t.kind = 'personal' AND NOT EXISTS
			(SELECT 1 FROM members m WHERE m.id = t.owner_id AND m.organization_id = t.organization_id)`},
		{"token_shape", "a token does not have what its kind has", `SELECT t.id FROM tokens t WHERE
			(t.kind = 'personal') <> (t.owner_id <> '')
			OR (t.kind = 'workspace') <> (t.policy <> '') OR (t.kind = 'personal') <> (t.scope <> '')`},
		{"token_use", "a use is noted of a token that there is not",
			`SELECT u.token_id FROM token_uses u WHERE NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = u.token_id)`},
		{"token_count", "the tokens of a workspace or an owner are not as many as their count", `SELECT id FROM (
				SELECT organization_id, part, kind, id, kept, running FROM token_counts
				UNION ALL SELECT organization_id, 'workspace', kind, workspace_id, -1, ` + counted + ` FROM tokens WHERE deleted_at IS NULL
				UNION ALL SELECT organization_id, 'owner', kind, owner_id, -1, ` + counted + ` FROM tokens
					WHERE deleted_at IS NULL AND kind = 'personal') AS counts
			GROUP BY organization_id, part, kind, id HAVING sum(kept) <> 0 OR sum(running) <> 0`},
		{"token_secret", "a token that was rotated has not the one current secret that its row has", `SELECT t.id FROM tokens t
			JOIN token_secrets s ON s.token_id = t.id GROUP BY t.id, t.digest, t.hint
			HAVING sum(CASE WHEN s.ends_at IS NULL THEN 1 ELSE 0 END) <> 1
			OR sum(CASE WHEN s.ends_at IS NULL AND s.digest = t.digest AND s.hint = t.hint THEN 1 ELSE 0 END) <> 1`},
		{"secret_token", "a secret is of a token that there is not",
			`SELECT s.token_id FROM token_secrets s WHERE NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = s.token_id)`},
		{"use_day", "requests of a day are counted that cannot be", `SELECT d.subject_id FROM use_days d
			WHERE d.requests < 0 OR d.refusals < 0
			OR NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = d.subject_id) AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = d.subject_id)
			AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.owner_id = d.subject_id)`},
		{"policy_place", "a policy is of another organization than its workspace, group or member",
			`SELECT p.id FROM policies p JOIN workspaces w ON w.id = p.workspace_id LEFT JOIN groups g ON g.id = p.group_id
			LEFT JOIN members m ON m.id = p.member_id WHERE w.organization_id <> p.organization_id
			OR coalesce(g.organization_id, p.organization_id) <> p.organization_id
			OR coalesce(m.organization_id, p.organization_id) <> p.organization_id`},
		{"baseline", "a workspace has no baseline policy", `SELECT w.id FROM workspaces w
			WHERE NOT EXISTS (SELECT 1 FROM policies p WHERE p.workspace_id = w.id AND p.kind = 'baseline')`},
		{"group_member", "a group has a member of another organization", `SELECT g.id FROM group_members x
			JOIN groups g ON g.id = x.group_id JOIN members m ON m.id = x.member_id WHERE g.organization_id <> m.organization_id`},
		{"connection", "a connection does not lead from a source to a destination of its workspace", `SELECT c.id FROM connections c
			JOIN resources s ON s.id = c.source_id JOIN resources d ON d.id = c.destination_id WHERE s.type <> 'source'
			OR d.type <> 'destination' OR s.workspace_id <> c.workspace_id OR d.workspace_id <> c.workspace_id`},
		{"shown_version", "a resource shows a version that it does not have", `SELECT r.id FROM resources r WHERE r.shown_version <> ''
			AND NOT EXISTS (SELECT 1 FROM script_versions v WHERE v.id = r.shown_version AND v.resource_id = r.id)`},
		{"secret_key", "a secret is sealed although there is no key", `SELECT s.resource_id FROM resource_secrets s
			WHERE NOT EXISTS (SELECT 1 FROM sealing) UNION ALL SELECT s.webhook_id FROM webhook_secrets s
			WHERE NOT EXISTS (SELECT 1 FROM sealing) UNION ALL SELECT s.factor_id FROM factor_secrets s
			WHERE NOT EXISTS (SELECT 1 FROM sealing) UNION ALL SELECT s.provider_id FROM identity_provider_secrets s
			WHERE NOT EXISTS (SELECT 1 FROM sealing) UNION ALL SELECT h.session_id FROM held_forms h
			WHERE NOT EXISTS (SELECT 1 FROM sealing)`},
		{"passkey", "a second factor is a passkey without what a passkey has, or the other way round", `SELECT f.id FROM factors f
			WHERE f.confirmed_at IS NOT NULL AND (f.kind = 'passkey') <> EXISTS (SELECT 1 FROM passkeys k JOIN passkey_users u
			ON u.member_id = f.member_id WHERE k.factor_id = f.id)`},
		{"provider_session", "a session is proven by a provider for a member whom it does not know", `SELECT w.session_id
			FROM provider_sessions w JOIN sessions s ON s.id = w.session_id WHERE NOT EXISTS (SELECT 1 FROM identities i
			WHERE i.provider_id = w.provider_id AND i.subject = w.subject AND i.member_id = s.member_id)`},
		{"token_contact", "a token has a contact that there is not, or that is personal", `SELECT c.token_id FROM token_contacts c
			WHERE NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = c.token_id AND t.kind <> 'personal')`},
		{"token_end", "the end of a token is noted that there is not", `SELECT e.token_id FROM token_ends e
			WHERE NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = e.token_id)`},
		{"webhook_delivery", "a message waits without a time, or has one although it does not wait",
			`SELECT d.id FROM webhook_deliveries d WHERE (d.state = 'waiting') <> (d.next_at IS NOT NULL)`},
	}
}
