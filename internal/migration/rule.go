package migration

import (
	"slices"
	"time"

	"latchkey/internal/legacy"
	"latchkey/internal/token"
)

// ruled is the rules of the organization for its tokens, and who may generate personal ones.
type ruled struct {
	token.Rules
	makers map[string]bool // ids of present members, with token.InGroups
}

// readRules reads the rules as they are before anything is imported, so that the preview and the deployment
// know the same of who is in which group.
func (st *stage) readRules() error {
	r, err := st.tx.Existing.TokenRules(st.ctx, st.m.Organization)
	st.tokenRules = ruled{r, map[string]bool{}}
	if err != nil || r.Makers != token.InGroups {
		return err
	}
	var members []string
	for id := range st.present {
		members = append(members, id)
	}
	for part := range slices.Chunk(members, batch) {
		inside, err := st.tx.Existing.MembersOfGroups(st.ctx, r.Groups, part)
		if err != nil {
			return err
		}
		for _, in := range inside {
			for id, is := range in {
				st.tokenRules.makers[id] = st.tokenRules.makers[id] || is
			}
		}
	}
	return nil
}

// breaches returns the rules that a token breaks which is to be imported.
func (r ruled) breaches(t token.Token, now time.Time) []token.Breach {
	maker := r.Makers == token.Everybody || r.Makers == token.InGroups && r.makers[t.Owner]
	return r.Breaches(t, maker, now)
}

// keepRules changes a token that is to be imported as the rules require: a longest lifetime shortens it, and
// the others suspend it. It returns what it did. A token that has expired is left as it is.
func (r ruled) keepRules(t *token.Token, now time.Time) []string {
	if token.ExpiredAt(t.ExpiresAt, now) {
		return nil
	}
	var said []string
	broken := r.breaches(*t, now)
	if text := r.Of(t.Kind).Refuses(t.Kind, t.ExpiresAt, now); text != "" {
		t.ExpiresAt = r.Of(t.Kind).Within(t.ExpiresAt, now)
		said = append(said, "Gets an earlier expiration. "+text)
		broken = broken[1:]
	}
	if len(broken) > 0 {
		t.Suspension = token.Suspension{At: now, Reason: "It was imported and breaks a rule."}
		said = append(said, "Is suspended. "+string(broken[0]))
	}
	return said
}

// noteRules notes what the rules do to a token.
func (st *stage) noteRules(i *Item) error {
	var t token.Token
	switch i.Kind {
	case PersonalTokens:
		old, err := decoded[legacy.PersonalToken](*i)
		if err != nil {
			return err
		}
		t = token.Token{Kind: token.Personal, Owner: st.people[old.Owner].local, Scope: old.Scope, ExpiresAt: old.Secret.ExpiresAt}
	case ServiceTokens:
		old, err := decoded[legacy.ServiceToken](*i)
		if err != nil {
			return err
		}
		t = token.Token{Kind: token.Workspace, ExpiresAt: old.Secret.ExpiresAt}
	case Workspaces, Resources, Members, Groups:
		return nil
	}
	for _, text := range st.tokenRules.keepRules(&t, st.tx.Now()) {
		i.After.less(text)
	}
	return nil
}
