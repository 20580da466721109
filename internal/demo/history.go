package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/notify"
	"latchkey/internal/policy"
	"latchkey/internal/provision"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const (
	begun       = 80 * day // before the present: when the history begins
	busy        = 30       // days before the present with the everyday work of everybody
	historySeed = 18
)

// SeedWithHistory is like [Seed], and makes up what happened since: people join and leave, sign in, change
// policies and resources; tokens are made, used, refused and deleted. Use cases do all of that with a
// clock in the past, so it leaves the events, deliveries and counts that it would have left. The same moment
// always has the same history, except for ids and secrets, which are random as everywhere.
func SeedWithHistory(ctx context.Context, st *store.Store, hasher Hasher, secrets registry.Secrets) error {
	hash, err := prepare(ctx, st, hasher)
	if err != nil || hash == "" {
		return err
	}
	present := st.Now()
	var clock time.Time
	return st.Replay(ctx, func() time.Time { return clock }, func(past *store.Store) error {
		clock = present.Add(-begun)
		h := newHistory(ctx, past, &clock)
		h.seeder = &seeder{ctx: ctx, hash: hash, secrets: secrets, present: present}
		filled := false
		err := past.InTx(ctx, actor.System(""), func(tx *store.Tx) (err error) {
			if filled, err = h.fill(tx); filled {
				h.forgotten()
			}
			return errors.Join(err, h.err)
		})
		if err != nil || !filled {
			return err
		}
		h.webhooks()
		h.plan()
		h.run()
		return h.err
	})
}

// history makes up what happened between the beginning and the present. Like the seeder, it does nothing
// after the first error.
type history struct {
	*seeder
	past   *store.Store
	clock  *time.Time
	random *rand.Rand
	steps  []step

	members     *account.Members
	groups      *account.Groups
	policies    *policy.Service
	presets     *policy.Presets
	invitations *invitation.Service
	tokens      *token.Service
	signIns     *signin.Service
	clients     *apiclient.Service
	hooks       *notify.Service
	sender      *notify.Sender
	provision   *provision.Service
	registry    *registry.Service
	log         *audit.Service

	sessions map[string]signin.Started // the latest of each member, by address
	made     map[string]string         // ids of what was made, by kind and name
	held     map[string]token.Token    // tokens that were made, by name
	down     time.Time                 // since when the receiver of chatHook was out of order
}

// step is something that happens at a time.
type step struct {
	at time.Time
	do func()
}

func newHistory(ctx context.Context, past *store.Store, clock *time.Time) *history {
	now := func() time.Time { return *clock }
	catalogue, quiet := access.BuiltIn(), slog.New(slog.DiscardHandler)
	accounts := account.New(store.Accounts(past), catalogue, now)
	return &history{past: past, clock: clock, random: rand.New(rand.NewPCG(historySeed, historySeed)),
		members: accounts.Members, groups: accounts.Groups,
		policies:    policy.New(store.Policies(past), catalogue, now),
		presets:     policy.NewPresets(store.Presets(past), catalogue),
		invitations: invitation.New(store.Invitations(past), catalogue, now),
		tokens:      token.New(token.Deps{Store: store.Tokens(past), Catalogue: catalogue, Now: now, MaxPersonal: access.DefaultPersonalTokens}),
		signIns:     signin.New(store.SignIns(past), onePassword{}, catalogue),
		clients:     apiclient.New(apiclient.Deps{Store: store.APIClients(past), Catalogue: catalogue}),
		provision:   provision.New(store.Provisions(past), catalogue, now),
		log:         audit.New(audit.Deps{Store: store.AuditLog(past), Catalogue: catalogue, Now: now, Log: quiet}),
		sessions:    map[string]signin.Started{}, made: map[string]string{}, held: map[string]token.Token{}}
}

// webhooks makes the services that need the keys with which secrets are sealed.
func (h *history) webhooks() {
	catalogue := access.BuiltIn()
	h.registry = registry.New(store.Registry(h.past), catalogue, h.secrets)
	h.hooks = notify.New(notify.Deps{Store: store.Webhooks(h.past), Catalogue: catalogue, Keys: h.secrets.Keys,
		Check: func(context.Context, string) string { return "" }})
	h.sender = notify.NewSender(notify.SenderDeps{Queue: store.WebhookQueue(h.past), Keys: h.secrets.Keys, Post: h.receive,
		Now: func() time.Time { return *h.clock }, Log: slog.New(slog.DiscardHandler)})
}

// onePassword is a [signin.Hasher] for accounts that all have the password [Password], without the time
// that hashing takes.
type onePassword struct{}

func (onePassword) Hash(context.Context, string) (string, error) { return "", nil }
func (onePassword) Matches(_ context.Context, hash, password string) (bool, error) {
	return hash != "" && password == Password, nil
}
func (onePassword) Full() bool { return false }

// run does the steps in the order of their times. None is later than the present.
func (h *history) run() {
	slices.SortStableFunc(h.steps, func(a, b step) int { return a.at.Compare(b.at) })
	for _, s := range h.steps {
		if h.err != nil || !s.at.Before(h.present) {
			return
		}
		*h.clock = s.at.UTC().Truncate(time.Millisecond)
		s.do()
		h.try(h.sender.Step(h.ctx, h.ctx))
		h.sender.Wait()
		if h.err != nil {
			h.err = fmt.Errorf("the demo's history, %s before the present: %w", h.present.Sub(s.at).Round(time.Minute), h.err)
		}
	}
}

// date returns a time of a day, which counts back from the present one. A day of a weekend becomes the Friday
// before.
func (h *history) date(ago int, clock string) time.Time {
	midnight := h.present.Truncate(day).AddDate(0, 0, -ago)
	switch midnight.Weekday() {
	case time.Saturday:
		midnight = midnight.AddDate(0, 0, -1)
	case time.Sunday:
		midnight = midnight.AddDate(0, 0, -2)
	}
	t, err := time.Parse("15:04", clock)
	h.try(err)
	return midnight.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(h.random.IntN(60_000))*time.Millisecond)
}

// at plans something for a time.
func (h *history) at(t time.Time, do func()) { h.steps = append(h.steps, step{t, do}) }

// by plans something that a person does, who signs in a few minutes before unless they still are.
func (h *history) by(p person, t time.Time, do func(by actor.Caller) error) {
	h.at(t.Add(-time.Duration(60+h.random.IntN(240))*time.Second), func() { h.as(p) })
	h.at(t, func() {
		err := do(h.as(p))
		if fault.Is(err, fault.Unproven) { // asked before anything was done
			h.try(h.confirm(h.as(p), fault.Of(err).Message))
			err = do(h.as(p))
		}
		h.try(err)
	})
}

// confirm records that the person of a session has proven again who they are.
func (h *history) confirm(by actor.Caller, act string) error {
	return store.SignIns(h.past).InTx(h.ctx, by, func(tx signin.Tx) error {
		return signin.Confirm(h.ctx, tx, actor.ByPassword, audit.Fields{"act": act})
	})
}

// as returns the person's session, and begins one if there is none.
func (h *history) as(p person) actor.Caller {
	s, ok := h.sessions[p.email]
	origin := p.origin(*h.clock)
	if !ok || h.clock.Sub(s.Session.CreatedAt) > 11*time.Hour {
		var err error
		s, err = h.signIns.SignIn(h.ctx, p.email, Password, signin.Browser{}, origin)
		h.try(err)
		h.sessions[p.email] = s
	}
	return actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: s.Session.ID}, Origin: origin}
}

// signOut ends the person's session if there is one.
func (h *history) signOut(p person) {
	if s, ok := h.sessions[p.email]; ok {
		h.try(h.signIns.SignOut(h.ctx, s.Secret, p.origin(*h.clock)))
		delete(h.sessions, p.email)
	}
}

// standing returns who a caller is at the time of the clock.
func (h *history) standing(by actor.Caller) (standing actor.Standing) {
	h.try(h.past.InTx(h.ctx, by, func(tx *store.Tx) error {
		standing = tx.By()
		return nil
	}))
	return standing
}

// with returns a caller that uses a token from its usual address.
func (h *history) with(name string) actor.Caller {
	m := machines()[name]
	return actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: h.held[name].ID}, Origin: actor.Origin{IP: m.ips[0], UserAgent: m.agent}}
}

// hold remembers a token that was made.
func (h *history) hold(g token.Generated, err error) error {
	h.held[g.Name] = g.Token
	return err
}

// refused records that a token tried something in vain: n times at once.
func (h *history) refused(name string, n int, action audit.Action, reason string) error {
	t, m := h.held[name], machines()[name]
	for range n {
		h.log.Refused(audit.Attempt{Action: action, Organization: h.org, Kind: t.Kind.Principal(), Token: t.ID, Name: t.Name, Owner: t.Owner,
			Workspace: t.Workspace, Reason: reason, Origin: actor.Origin{IP: m.ips[0], UserAgent: m.agent}})
	}
	return h.log.Flush(h.ctx)
}

// denied records that a token may not do something to a type of resource of its workspace, as the API would.
func (h *history) denied(name string, n int, permission access.Permission) error {
	by := h.standing(h.with(name))
	d := access.Decide(access.BuiltIn(), by.Principal, permission,
		access.Resource{Organization: h.org, Workspace: h.held[name].Workspace})
	if d.Allowed {
		return fmt.Errorf("the demo's token %s may %s", name, permission)
	}
	return h.refused(name, n, audit.AccessDenied, d.Reason.Text())
}

// resource returns the id of a resource.
func (h *history) resource(workspace, name string) string { return h.named[workspace+"/"+name] }

// change saves a policy with some permissions added, or taken away if their reach is empty.
func (h *history) change(by actor.Caller, at policy.Place, with access.Policy) error {
	v, err := h.policies.At(h.ctx, h.standing(by), at)
	if err != nil {
		return err
	}
	body := access.Policy{}
	for permission, reach := range v.Body {
		body[permission] = reach
	}
	for permission, reach := range with {
		if body[permission] = reach; reach.Empty() {
			delete(body, permission)
		}
	}
	if !v.Exists {
		_, err = h.policies.Add(h.ctx, by, at, body)
	} else {
		_, err = h.policies.Save(h.ctx, by, at, v.Revision(), body)
	}
	return err
}

// receive answers for the receivers of webhooks. One of them is out of order for a day.
func (h *history) receive(_ context.Context, url string, _ map[string]string, body string) notify.Answer {
	if url == chatHook && !h.clock.Before(h.down) && h.clock.Before(h.down.Add(outage)) {
		return notify.Answer{Status: 503, Text: "upstream is not available", Duration: 2150 * time.Millisecond}
	}
	return notify.Answer{Status: 200, Text: `{"ok":true}`, Duration: time.Duration(60+len(body)%190) * time.Millisecond}
}

// pick returns one of several.
func pick[T any](h *history, list ...T) T { return list[h.random.IntN(len(list))] }

// between returns a random time of a day between two hours.
func (h *history) between(midnight time.Time, from, to float64) time.Time {
	hours := from + h.random.Float64()*(to-from)
	return midnight.Add(time.Duration(hours * float64(time.Hour)))
}

// working reports whether people work on a day.
func working(midnight time.Time) bool {
	return midnight.Weekday() != time.Saturday && midnight.Weekday() != time.Sunday
}

func ptr[T any](v T) *T { return &v }

// sorted returns the names of the tokens that were made.
func (h *history) sorted() []string {
	names := make([]string, 0, len(h.held))
	for name := range h.held {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
