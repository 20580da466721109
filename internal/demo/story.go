package demo

import (
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/invitation"
	"latchkey/internal/notify"
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/registry"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

const (
	chatHook  = "https://hooks.acme.example/latchkey"
	alertHook = "https://alerts.acme.example/v1/latchkey"
	outage    = 50 * time.Hour // of the receiver of chatHook
)

// Names of what the history makes.
const (
	engineers = "Data Engineering"
	marketing = "Growth Marketing"
	support   = "Support"
)

// plan collects everything that happens. Of two things in one story, the later is either at a later hour of the
// same day or at least three days later, because days of a weekend become the Friday before.
func (h *history) plan() {
	h.down = h.date(13, "09:40")
	h.laterTokens()
	h.beforeTheBusyDays()
	h.administration()
	h.people30()
	h.automation()
	h.rotation()
	h.provisioning()
	h.building()
	h.delivering()
	h.everyday()
	h.counting()
	h.lately()
}

// forgotten adds a token that nobody has used for long.
func (h *history) forgotten() {
	h.token(token.Token{Kind: token.Workspace, Name: "nightly-import", Workspace: h.production, CreatedAt: h.ago(210 * day),
		CreatedBy: h.admin.ID, CreatedByName: h.admin.Name, Policy: everything([]string{"edit"}, "table")})
}

// laterTokens makes the seed's tokens on their days.
func (h *history) laterTokens() {
	for _, t := range h.early {
		h.held[t.Name] = t
	}
	owners := map[string]person{h.admin.ID: ada(), h.editor.ID: eli(), h.viewer.ID: vera(), h.former.ID: robin()}
	for _, t := range h.later {
		p := ada()
		if t.Kind == token.Personal {
			p = owners[t.Owner]
		}
		h.by(p, t.CreatedAt, func(by actor.Caller) error { return h.generate(by, t) })
		if end := t.ExpiresAt; !end.IsZero() {
			h.at(end.Add(20*time.Second), func() {
				_, err := h.tokens.NoteExpired(h.ctx, end.Add(-day))
				h.try(err)
			})
		}
	}
}

// generate makes a token as its owner or an Admin.
func (h *history) generate(by actor.Caller, t token.Token) error {
	switch t.Kind {
	case token.Personal:
		return h.hold(h.tokens.GeneratePersonal(h.ctx, by, token.NewPersonal{Name: t.Name, Description: t.Description,
			Workspace: t.Workspace, Scope: t.Scope, ExpiresAt: t.ExpiresAt}))
	case token.Organization:
		return h.hold(h.tokens.GenerateOrganization(h.ctx, by, token.NewOrganization{Name: t.Name, Description: t.Description,
			ExpiresAt: t.ExpiresAt}))
	default:
		return h.hold(h.tokens.GenerateWorkspace(h.ctx, by, token.NewWorkspace{Name: t.Name, Description: t.Description,
			Workspace: t.Workspace, Policy: t.Policy, ExpiresAt: t.ExpiresAt}))
	}
}

// beforeTheBusyDays brings the people together.
func (h *history) beforeTheBusyDays() {
	h.by(ada(), h.date(58, "10:12"), func(by actor.Caller) error { return h.provision.Enable(h.ctx, by, true) })
	h.group(ada(), h.date(54, "09:31"), engineers, "Owns sources, destinations and transformations", h.production, h.staging)
	h.by(ada(), h.date(54, "09:48"), func(by actor.Caller) error {
		return h.change(by, policy.Place{Kind: policy.OfGroup, Workspace: h.staging, Subject: h.made[engineers]},
			everything([]string{"edit", "connect", "create_delete"}, "source", "destination", "transformation"))
	})
	h.by(ada(), h.date(54, "10:05"), func(by actor.Caller) error {
		return h.change(by, policy.Place{Kind: policy.OfGroup, Workspace: h.production, Subject: h.made[engineers]},
			everything([]string{"edit"}, "destination", "transformation"))
	})
	h.join(ada(), olga(), h.date(51, "13:20"), nil, h.production, h.staging)
	h.join(ada(), jonas(), h.date(47, "09:15"), []string{engineers})
	h.join(ada(), priya(), h.date(44, "14:40"), []string{engineers})
	h.join(ada(), sam(), h.date(40, "11:05"), nil, h.production)
	h.join(ada(), tomas(), h.date(35, "10:30"), nil, h.production)
	h.by(sam(), h.date(36, "15:22"), func(by actor.Caller) error {
		return h.generate(by, token.Token{Kind: token.Personal, Name: "sam-notebook", Workspace: h.production, Scope: access.ScopeReadOnly,
			ExpiresAt: h.present.Add(60 * day)})
	})
}

// group plans that a person makes a group.
func (h *history) group(p person, at time.Time, name, description string, workspaces ...string) {
	h.by(p, at, func(by actor.Caller) error {
		g, err := h.groups.Create(h.ctx, by, account.GroupSettings{Name: name, Description: description}, workspaces)
		h.made[name] = g.ID
		return err
	})
}

// join plans that an Admin invites somebody, who accepts a few hours later.
func (h *history) join(admin, p person, at time.Time, groups []string, workspaces ...string) {
	var link random.Secret
	h.by(admin, at, func(by actor.Caller) error {
		secret, err := h.invite(by, p.email, groups, workspaces...)
		link = secret
		return err
	})
	h.at(at.Add(time.Duration(45+h.random.IntN(150))*time.Minute), func() {
		m, err := h.invitations.Accept(h.ctx, link, p.name, h.hash, p.origin(*h.clock))
		h.made[p.email] = m.ID
		h.try(err)
		h.as(p)
	})
}

// invite invites somebody and returns the secret of the link.
func (h *history) invite(by actor.Caller, email string, groups []string, workspaces ...string) (link random.Secret, err error) {
	in := invitation.NewInvitations{Emails: []string{email}, Role: access.RoleMember, Workspaces: workspaces}
	for _, name := range groups {
		in.Groups = append(in.Groups, h.made[name])
	}
	sent, err := h.invitations.Invite(h.ctx, by, in, func(secret random.Secret) string {
		link = secret
		return ""
	})
	if err == nil {
		h.made[email] = sent.Sent[0].ID
	}
	return link, err
}

// administration is what the Admins do about policies, tokens and integrations.
func (h *history) administration() {
	baseline := policy.Place{Kind: policy.Baseline, Workspace: h.staging}
	edits := func(p person, at time.Time, place func() policy.Place, with access.Policy) {
		h.by(p, at, func(by actor.Caller) error { return h.change(by, place(), with) })
	}
	of := func(group, workspace string) func() policy.Place {
		return func() policy.Place {
			return policy.Place{Kind: policy.OfGroup, Workspace: workspace, Subject: h.made[group]}
		}
	}
	member := func(p person, workspace string) func() policy.Place {
		return func() policy.Place {
			return policy.Place{Kind: policy.OfMember, Workspace: workspace, Subject: h.made[p.email]}
		}
	}
	shop, warehouse := h.resource(h.production, "Web shop"), h.resource(h.production, "Snowflake warehouse")
	edits(ada(), h.date(29, "09:52"), of(engineers, h.production), everything([]string{"edit"}, "source"))
	edits(ada(), h.date(23, "11:14"), func() policy.Place { return baseline }, access.Policy{"source:edit": access.Everywhere()})
	edits(ada(), h.date(17, "10:36"), member(tomas(), h.production),
		access.Policy{"source:edit": access.Only(shop), "source:live_events": access.Only(shop)})
	edits(ada(), h.date(13, "11:20"), of(engineers, h.production), access.Policy{"source:live_events": access.Only(shop)})
	edits(olga(), h.date(13, "15:08"), of(marketing, h.production), access.Policy{"audience:edit": access.Everywhere(),
		"audience:live_events": access.Everywhere()})
	edits(ada(), h.date(8, "09:41"), func() policy.Place { return baseline }, access.Policy{"source:edit": {}})
	edits(olga(), h.date(7, "14:27"), of(engineers, h.production), access.Policy{"destination:live_events": access.Only(warehouse),
		"destination:failure_samples": access.Only(warehouse)})
	edits(ada(), h.date(2, "13:44"), member(tomas(), h.production), access.Policy{"audience:edit": access.Everywhere()})

	h.client(ada(), h.date(29, "14:10"), "Old ingest")
	h.client(ada(), h.date(24, "10:22"), "Ingest gateway")
	h.client(olga(), h.date(12, "11:33"), "Billing service")
	h.by(olga(), h.date(9, "16:02"), func(by actor.Caller) error {
		_, err := h.clients.Delete(h.ctx, by, h.made["Old ingest"])
		return err
	})
	h.client(olga(), h.date(3, "09:26"), "Docs search")

	h.preset(olga(), h.date(22, "13:05"), "Source maintainer", map[access.Permission]policy.Extent{"source:edit": policy.ChosenAndFuture,
		"source:connect": policy.AllResources, "source:live_events": policy.ChosenResources})
	h.preset(ada(), h.date(6, "15:51"), "Support read-only", map[access.Permission]policy.Extent{
		"destination:failure_samples": policy.AllResources, "source:live_events": policy.AllResources})

	h.webhook(olga(), h.date(25, "10:47"), chatHook, "token.created", "token.deleted", "token.expired", "token.refused_often",
		"member.added", "member.removed", "member.role_changed", "policy.updated")
	h.webhook(ada(), h.date(15, "09:33"), alertHook, "token.used_after_revocation", "token.refused_often", "member.deactivated",
		"member.role_changed", "token.created")
}

func (h *history) client(p person, at time.Time, name string) {
	h.by(p, at, func(by actor.Caller) error {
		c, err := h.clients.Register(h.ctx, by, apiclient.NewClient{Name: name})
		h.made[name] = c.ID
		return err
	})
}

func (h *history) preset(p person, at time.Time, name string, grants map[access.Permission]policy.Extent) {
	h.by(p, at, func(by actor.Caller) error {
		_, err := h.presets.Save(h.ctx, by, name, grants)
		return err
	})
}

// webhook plans that a person adds a webhook and tries it.
func (h *history) webhook(p person, at time.Time, url string, events ...string) {
	h.by(p, at, func(by actor.Caller) error {
		made, err := h.hooks.Add(h.ctx, by, notify.Settings{URL: url, Events: events}, "")
		h.made[url] = made.ID
		return err
	})
	h.by(p, at.Add(3*time.Minute), func(by actor.Caller) error {
		_, err := h.hooks.Test(h.ctx, by, h.made[url])
		return err
	})
}

// people30 is who comes, changes and goes in the last 30 days.
func (h *history) people30() {
	h.by(ada(), h.date(28, "16:40"), func(by actor.Caller) error {
		_, err := h.members.Deactivate(h.ctx, by, h.former.ID)
		return err
	})
	h.by(ada(), h.date(26, "09:20"), func(by actor.Caller) error {
		_, err := h.members.MakeAdmin(h.ctx, by, h.made[olga().email])
		return err
	})
	h.group(olga(), h.date(22, "10:02"), marketing, "Campaigns and audiences", h.production)
	h.join(olga(), mira(), h.date(19, "09:45"), []string{marketing})
	h.by(olga(), h.date(16, "14:15"), func(by actor.Caller) error {
		_, err := h.groups.AddMembers(h.ctx, by, account.These(h.made[tomas().email]), []string{h.made[marketing]})
		return err
	})
	h.by(ada(), h.date(9, "16:31"), func(by actor.Caller) error {
		_, err := h.members.Delete(h.ctx, by, account.These(h.made[sam().email]))
		return err
	})
	h.by(olga(), h.date(8, "11:18"), func(by actor.Caller) error {
		_, err := h.invite(by, "lena@acme.example", []string{marketing})
		return err
	})
	h.by(olga(), h.date(8, "11:52"), func(by actor.Caller) error {
		_, err := h.invitations.Delete(h.ctx, by, h.made["lena@acme.example"])
		return err
	})
	h.by(olga(), h.date(8, "11:54"), func(by actor.Caller) error {
		_, err := h.invite(by, "lena.berg@acme.example", []string{marketing})
		return err
	})
	h.by(ada(), h.ago(2*day+9*time.Hour), func(by actor.Caller) error {
		_, err := h.invite(by, "mateo@acme.example", []string{engineers})
		return err
	})
	h.by(olga(), h.ago(21*time.Hour), func(by actor.Caller) error {
		_, err := h.invite(by, "aiko@acme.example", []string{marketing}, h.staging)
		return err
	})
	h.by(tomas(), h.date(4, "10:11"), func(by actor.Caller) error {
		_, err := h.members.ChooseTimeZone(h.ctx, by, "Europe/Lisbon")
		return err
	})
}

// automation is the tokens that are made and deleted in the last 30 days.
func (h *history) automation() {
	makes := func(p person, at time.Time, t token.Token) {
		h.by(p, at, func(by actor.Caller) error { return h.generate(by, t) })
	}
	in := func(days int) time.Time { return h.present.Add(time.Duration(days) * day) }
	makes(olga(), h.date(21, "10:54"), token.Token{Kind: token.Workspace, Name: "warehouse-loader", Workspace: h.production,
		Description: "Airflow: loads orders and customers every night", ExpiresAt: in(95),
		Policy: access.Policy{"warehouse_sync:edit": access.Everywhere(), "table:edit": access.Everywhere()}})
	makes(ada(), h.date(16, "11:27"), token.Token{Kind: token.Organization, Name: "usage-report", ExpiresAt: in(160),
		Description: "Monthly usage figures for finance"})
	makes(jonas(), h.date(27, "09:39"), token.Token{Kind: token.Personal, Name: "schema-check", Workspace: h.staging,
		Scope: access.ScopeReadOnly, ExpiresAt: in(62)})
	makes(eli(), h.date(18, "13:31"), token.Token{Kind: token.Personal, Name: "load-test", Workspace: h.staging,
		Scope: access.ScopeReadWrite, ExpiresAt: in(12)})
	h.delete(eli(), h.date(14, "16:12"), "load-test")
	makes(mira(), h.date(14, "10:25"), token.Token{Kind: token.Personal, Name: "model-review", Workspace: h.production,
		Scope: access.ScopeReadOnly, ExpiresAt: in(46)})
	makes(priya(), h.date(11, "08:58"), token.Token{Kind: token.Personal, Name: "priya-laptop", Workspace: h.staging,
		Scope: access.ScopeReadWrite, ExpiresAt: in(19)})
	makes(jonas(), h.date(6, "10:17"), token.Token{Kind: token.Personal, Name: "backfill", Workspace: h.staging,
		Scope: access.ScopeReadWrite, ExpiresAt: in(24), Description: "Replays the orders of October"})
	makes(ada(), h.date(5, "15:36"), token.Token{Kind: token.Workspace, Name: "tmp-import", Workspace: h.staging, ExpiresAt: in(3),
		Policy: everything([]string{"edit"}, "source")})
	h.delete(ada(), h.date(1, "17:04"), "tmp-import")
	h.by(olga(), h.date(10, "09:12"), func(by actor.Caller) error {
		_, err := h.tokens.Describe(h.ctx, by, h.held["deploy-pipeline"].ID, "Release workflow of the main repository")
		return err
	})
	h.by(ada(), h.date(3, "11:19"), func(by actor.Caller) error {
		_, err := h.tokens.Suspend(h.ctx, by, h.held["priya-laptop"].ID, "Priya's laptop was left on a train.")
		return err
	})
	ends := func(name string, at time.Time, n int, why string) {
		h.at(at, func() { h.try(h.refused(name, n, audit.UsedAfterRevocation, why)) })
	}
	ends("hackathon", h.ago(10*day-3*time.Hour), 4, "expired")
	ends("hackathon", h.ago(9*day-5*time.Hour), 11, "expired")
	ends("sam-notebook", h.date(8, "07:03"), 12, "revoked")
	ends("sam-notebook", h.date(7, "07:03"), 12, "revoked")
	ends("old-laptop", h.date(20, "08:31"), 3, "suspended")
}

// rotation is a token that has two values, of which one of its machines still uses the previous one.
func (h *history) rotation() {
	const name = "warehouse-loader"
	var turned token.Rotated
	h.by(olga(), h.date(2, "10:26"), func(by actor.Caller) (err error) {
		turned, err = h.tokens.Rotate(h.ctx, by, h.held[name].ID, token.Rotation{Overlap: 7 * day, SameLength: true})
		return h.hold(turned.Generated, err)
	})
	for ago := 20*time.Hour + 20*time.Minute; ago > 0; ago -= 5 * time.Hour {
		h.at(h.ago(ago), func() {
			m, uses := machines()[name], []verify.SecretUse{}
			for i, digest := range [][32]byte{turned.Previous.Digest, token.Digest(turned.Secret.Reveal())} {
				uses = append(uses, verify.SecretUse{Digest: digest, Requests: 8 + h.random.IntN(9),
					From: []token.SecretUse{{IP: m.ips[i], Agent: m.agent, At: *h.clock}}})
			}
			h.try(h.past.UseSecret(h.ctx, uses[1].Digest))
			h.try(h.past.SaveSecretUses(h.ctx, uses))
		})
	}
}

func (h *history) delete(p person, at time.Time, name string) {
	h.by(p, at, func(by actor.Caller) error {
		_, err := h.tokens.Delete(h.ctx, by, h.held[name].ID)
		return err
	})
}

// building is the larger changes to resources.
func (h *history) building() {
	id := func(name string) *string { return ptr(h.resource(h.staging, name)) }
	does := func(p person, at time.Time, do func(by actor.Caller) error) { h.by(p, at, do) }
	create := func(name, definition string) func(actor.Caller) error {
		return func(by actor.Caller) error {
			r, err := h.registry.Create(h.ctx, by, h.staging, registry.Source, registry.Form{Name: &name, Definition: &definition})
			h.named[h.staging+"/"+name] = r.ID
			return err
		}
	}
	connect := func(source, destination string) func(actor.Caller) error {
		return func(by actor.Caller) error {
			_, err := h.registry.Connect(h.ctx, by, h.staging, registry.ConnectionForm{Source: id(source), Destination: id(destination)})
			return err
		}
	}
	does(jonas(), h.date(20, "10:21"), create("Android app", "Android"))
	does(jonas(), h.date(20, "10:34"), connect("Android app", "Amplitude"))
	does(priya(), h.date(18, "14:05"), create("Legacy pixel", "HTTP"))
	does(priya(), h.date(17, "13:12"), func(by actor.Caller) error {
		made, err := h.registry.CreateScript(h.ctx, by, h.staging, registry.Transformation, registry.ScriptForm{
			Name: ptr("Drop test orders"), Language: &registry.Languages()[0],
			Code: ptr("export function transformEvent(event) {\n  return event.properties?.test ? undefined : event;\n}\n")}, true)
		h.named[h.staging+"/Drop test orders"] = made.Resource.ID
		return err
	})
	does(priya(), h.date(17, "13:30"), func(by actor.Caller) error {
		_, err := h.registry.Attach(h.ctx, by, h.staging, *id("Amplitude"), *id("Drop test orders"))
		return err
	})
	does(ada(), h.date(15, "10:58"), func(by actor.Caller) error {
		_, err := h.registry.LinkSource(h.ctx, by, h.staging, *id("Checkout events"), *id("Android app"), "{}")
		return err
	})
	does(eli(), h.date(12, "11:41"), connect("iOS app", "Customer.io"))
	does(jonas(), h.date(5, "09:57"), func(by actor.Caller) error {
		return h.registry.Delete(h.ctx, by, h.staging, registry.Source, *id("Legacy pixel"))
	})
	does(olga(), h.date(4, "14:22"), func(by actor.Caller) error {
		_, err := h.registry.Update(h.ctx, by, h.production, registry.TrackingPlan, h.resource(h.production, "Checkout events"),
			registry.Form{Description: ptr("What a checkout sends, in version 2 of the shop.")})
		return err
	})
}

// delivering lets the sender of webhooks try again while a receiver is out of order, and a person send one of the
// failed messages again.
func (h *history) delivering() {
	for t := h.down; t.Before(h.down.Add(outage + 3*time.Hour)); t = t.Add(20 * time.Minute) {
		h.at(t, func() {})
	}
	h.by(olga(), h.date(10, "10:40"), func(by actor.Caller) error {
		list, err := h.hooks.Deliveries(h.ctx, h.standing(by), h.made[chatHook], 0, 50)
		failed := slices.DeleteFunc(list, func(d notify.Delivery) bool { return d.State != notify.Failed })
		if err == nil && len(failed) > 1 {
			_, err = h.hooks.SendAgain(h.ctx, by, h.made[chatHook], failed[0].ID)
		}
		return err
	})
}

// lately is what happened in the last hour, whatever the hour.
func (h *history) lately() {
	minutes := func(n int) time.Time {
		return h.ago(time.Duration(n)*time.Minute - time.Duration(h.random.IntN(50))*time.Second)
	}
	mailing := h.resource(h.production, "Customer.io")
	h.at(minutes(52), func() { h.as(jonas()) })
	h.at(minutes(44), func() {
		_, err := h.registry.Update(h.ctx, h.with("deploy-pipeline"), h.production, registry.Destination, mailing,
			registry.Form{Config: ptr(`{"region":"EU","trackAnonymous":true}`)})
		h.try(err)
	})
	h.by(jonas(), minutes(37), func(by actor.Caller) error {
		_, err := h.registry.Create(h.ctx, by, h.staging, registry.Source, registry.Form{Name: ptr("Returns portal"), Definition: ptr("HTTP")})
		return err
	})
	h.at(minutes(29), func() { h.try(h.denied("ci-probe", 3, "source:create_delete")) })
	h.by(olga(), minutes(16), func(by actor.Caller) error {
		return h.change(by, policy.Place{Kind: policy.OfGroup, Workspace: h.production, Subject: h.made[marketing]},
			access.Policy{"sql_model:live_events": access.Everywhere()})
	})
	h.at(minutes(7), func() { h.as(mira()) })
	h.at(minutes(2), func() { h.try(h.tokens.NoteIdle(h.ctx)) })
}
