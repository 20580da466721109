package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/audit"
)

// logged is a row with what the newest event about it says that it holds.
type logged struct{ id, now, event string }

func scanLogged(row scanner) (logged, error) {
	var l logged
	err := row.Scan(&l.id, &l.now, &l.event)
	return l, err
}

// newestAbout selects the newest event about a row of which the state after it is known.
const newestAbout = `(SELECT max(e.seq) FROM audit_events e WHERE e.organization_id = x.organization_id AND e.target_id = x.id
	AND e.after_state <> '' AND `

// agreement compares policies and live tokens with the newest events that say what they hold. The
// chain vouches for these. What has no event, because it was pruned or made by the set-up or a
// provider, is not compared.
func (c *checker) agreement(ctx context.Context) error {
	if c.count["audit_chain"] > 0 {
		return nil
	}
	for _, kind := range []struct {
		what, query string
		same        func(l logged) bool
	}{
		{"policy", `SELECT x.id, x.body, a.after_state FROM policies x JOIN audit_events a ON a.seq = ` + newestAbout +
			`e.target_type IN ('` + string(audit.TargetPolicy) + `', '` + string(audit.TargetPermission) + `'))
			WHERE x.id > $1 ORDER BY x.id LIMIT $2`,
			func(l logged) bool { return l.now == l.event }},
		{"token", tokensAsLogged, sameToken},
	} {
		for after := ""; ; {
			c.rest(ctx)
			rows, err := all(ctx, &c.queries, scanLogged, kind.query, after, rowsPerRead)
			if err != nil {
				return err
			}
			for _, l := range rows {
				if !kind.same(l) {
					c.add("log_agrees", fmt.Sprintf("the %s %s is not as the audit log says that it was saved", kind.what, l.id))
				}
			}
			if len(rows) < rowsPerRead {
				break
			}
			after = rows[len(rows)-1].id
		}
	}
	return nil
}

// tokensAsLogged selects what a token is that works, in one text, and what an event says of it.
const tokensAsLogged = `SELECT x.id, x.name || '|' || x.kind || '|' || x.hint || '|' || x.owner_id || '|' || x.workspace_id
	|| '|' || x.scope || '|' || coalesce(CAST(x.expires_at AS TEXT), '') || '|' || x.policy, a.after_state
	FROM tokens x JOIN audit_events a ON a.seq = ` + newestAbout + `e.target_type IN ('` + string(audit.TargetPersonalToken) + `', '` +
	string(audit.TargetServiceToken) + `') AND e.action IN ('` + string(audit.Created) + `', '` + string(audit.Updated) + `', '` +
	string(audit.Expired) + `', '` + string(audit.Rotated) + `', '` + string(audit.Suspended) + `', '` + string(audit.Resumed) + `'))
	WHERE x.deleted_at IS NULL AND x.id > $1 ORDER BY x.id LIMIT $2`

// sameToken reports whether a token is as the event says.
func sameToken(l logged) bool {
	var e struct {
		Name, Kind, Hint, Owner, Workspace, Scope string
		Policy                                    json.RawMessage
		ExpiresAt                                 *time.Time
	}
	if json.Unmarshal([]byte(l.event), &e) != nil || e.Kind == "" {
		return true // the event says something else
	}
	expires := ""
	if e.ExpiresAt != nil {
		expires = strconv.FormatInt(e.ExpiresAt.UnixMilli(), 10)
	}
	return l.now == strings.Join([]string{e.Name, e.Kind, e.Hint, e.Owner, e.Workspace, e.Scope, expires, string(e.Policy)}, "|")
}
