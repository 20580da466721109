// Package app is the composition root, the only package that imports configuration, store
// and web together. The command line and the tests start servers with it.
package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/catalog"
	"latchkey/internal/change"
	"latchkey/internal/config"
	"latchkey/internal/identity"
	"latchkey/internal/invitation"
	"latchkey/internal/mail"
	"latchkey/internal/metric"
	"latchkey/internal/migration"
	"latchkey/internal/notify"
	"latchkey/internal/policy"
	"latchkey/internal/provision"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/internal/warning"
	"latchkey/internal/witness"
	"latchkey/web"
	"latchkey/web/api"
	"latchkey/web/fast"
	"latchkey/web/openapi"
	"latchkey/web/request"
	"latchkey/web/scim"
	"latchkey/web/ui"
)

// Options is what only the demonstration and tests set.
type Options struct {
	Now  func() time.Time // time.Now when nil
	Out  io.Writer        // for the operator: address and set-up link; discarded when nil
	Log  io.Writer        // where log lines go; discarded when nil
	Demo *ui.Demo         // accounts that the sign-in page offers; nil in a real installation
	Cost signin.Cost      // of a password hash; signin.DefaultCost when zero. Tests lower it.

	SetupCode string // secret of the set-up link; a random one when empty

	// WithoutKey is for commands that leave secrets of resources alone and so need no secret key.
	WithoutKey bool
	// Limits of the listeners; DefaultLimits when zero. Tests shorten them.
	Limits Limits
	// Hurry is closed when a server that is stopping must not wait any longer; nil: never.
	Hurry <-chan struct{}
}

// App is one server: its store, its use cases and its handler.
type App struct {
	Accounts    account.Services
	Policies    *policy.Service
	Presets     *policy.Presets
	Invitations *invitation.Service
	Tokens      *token.Service
	Inventory   *token.Inventory
	Rules       *token.RuleBook
	SignIn      *signin.Service
	Hasher      signin.Hasher
	Clients     *apiclient.Service
	Notify      *notify.Service
	Identity    *identity.Service
	Warnings    *warning.Service
	Provision   *provision.Service
	Migration   *migration.Service
	Audit       *audit.Service
	Secrets     registry.Secrets
	Verify      *verify.Authority
	Store       *store.Store
	Handler     http.Handler

	verification http.Handler  // what the listener for verification serves
	accepts      fast.Shortcut // what it answers before that

	public   *request.Public
	signer   *audit.Signer // nil without a key
	sender   *notify.Sender
	heads    *witness.Sender  // nil if signed heads are sent nowhere
	breached *signin.Breached // nil without a list of breached passwords
	trust    *change.Lease    // nil when there is only one node
	feed     *store.Feed
	metrics  *metric.Metrics // nil without an address for metrics
	clock    *clockWatch
	checked  checked
	reused   *reused
	cfg      config.Config
	limits   Limits
	out      io.Writer
	log      *slog.Logger
	calm     *slog.Logger // of background work: the same message once a minute
	setup    string       // secret of the set-up link; useless once there is an organization

	stopping atomic.Bool     // it was asked to stop and is draining
	hurry    <-chan struct{} // see Options
}

// New opens the database and wires everything. The error is one line for the operator.
func New(ctx context.Context, cfg config.Config, o Options) (*App, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !o.WithoutKey && cfg.KeyFile() == "" {
		return nil, errNoKeyFile
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	st, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Path: filepath.Join(cfg.Data, "latchkey.db"), Now: o.Now})
	if err != nil {
		return nil, err
	}
	a := &App{Store: st, cfg: cfg, limits: cmp.Or(o.Limits, DefaultLimits()), hurry: o.Hurry, out: o.Out, log: logger(cfg, o.Log),
		reused:  newReused(),
		Secrets: registry.Secrets{Names: registry.NewSecretNames(cfg.SecretKeys...)}}
	a.calm = newCalm(a.log)
	if !o.WithoutKey {
		err = a.startSecrets(ctx)
	}
	if err == nil {
		err = a.wire(o)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

// wire builds use cases and front doors over the open store.
func (a *App) wire(o Options) error {
	catalogue, err := a.catalogue()
	if err != nil {
		return err
	}
	mailer, err := a.mailer()
	if err != nil {
		return err
	}
	inviting, signing := mailing(mailer)
	proxies, err := a.cfg.Proxies()
	if err != nil {
		return err
	}
	a.Accounts = account.New(store.Accounts(a.Store), catalogue, o.Now)
	a.Presets = policy.NewPresets(store.Presets(a.Store), catalogue)
	a.Policies = policy.New(store.Policies(a.Store), catalogue, o.Now)
	a.Invitations = invitation.New(store.Invitations(a.Store), catalogue, o.Now, inviting...)
	a.Tokens = token.New(token.Deps{Store: store.Tokens(a.Store), Catalogue: catalogue, Now: o.Now,
		MaxPersonal: a.cfg.MaxPersonalTokens})
	a.Inventory = token.NewInventory(store.Inventory(a.Store), catalogue, o.Now)
	a.Rules = token.NewRuleBook(store.Rules(a.Store), catalogue, o.Now)
	rule, err := a.passwordRule()
	if err != nil {
		return err
	}
	a.public = request.NewPublic(a.cfg.PublicURL)
	a.public.ListensOn(a.cfg.Addr)
	a.Hasher = signin.NewArgon2(cmp.Or(o.Cost, signin.DefaultCost()))
	signing = append(signing, signin.WithPasswordRule(rule), signin.WithKeys(a.Secrets.Keys), signin.WithPasskeys(a.public.URL))
	a.SignIn = signin.New(store.SignIns(a.Store), a.Hasher, catalogue, signing...)
	a.trust = a.lease(o.Now)
	a.clock = newClockWatch(o.Now)
	a.metrics = a.newMetrics()
	a.Clients = apiclient.New(apiclient.Deps{Store: store.APIClients(a.Store), Catalogue: catalogue, Lease: a.trust})
	a.Verify = verify.New(verify.Deps{Store: a.Store, Catalogue: catalogue, Now: o.Now,
		Log: a.calm, Lease: a.trust, Observe: a.observe()})
	if err := a.wireWebhooks(catalogue, o.Now); err != nil {
		return err
	}
	a.wireWarnings(catalogue, o.Now, mailer)
	known := memory{a.Verify, a.Clients}
	a.Store.OnCommit(known.Apply)
	a.feed = a.Store.Feed(store.FeedOptions{Follower: known, Lease: a.trust, Log: a.calm, Grace: a.cfg.OutageGrace})
	if err := a.newSigner(); err != nil {
		return err
	}
	a.Audit = a.newAudit(catalogue, o.Now)
	a.setup = cmp.Or(o.SetupCode, rand.Text())
	if err := a.wireProviders(catalogue, o.Now); err != nil {
		return err
	}
	a.Migration = migration.New(store.Migrations(a.Store), catalogue)
	a.Provision = provision.New(store.Provisions(a.Store), catalogue, o.Now)
	resources, document := registry.New(store.Registry(a.Store), catalogue, a.Secrets), openapi.NewBelow(a.public.Path())
	strangers := request.NewStrangers(proxies, a.log, o.Now)
	pages := ui.New(ui.Deps{
		Accounts: a.Accounts, Policies: a.Policies, Presets: a.Presets, Invitations: a.Invitations,
		Tokens: a.Tokens, Inventory: a.Inventory, Rules: a.Rules, SignIn: a.SignIn, Hasher: a.Hasher, Clients: a.Clients, Notify: a.Notify,
		Identity: a.Identity, Warnings: a.Warnings, Provision: a.Provision, Migration: a.Migration, Audit: a.Audit,
		Registry: resources, Document: document,
		Public: a.public, Catalogue: catalogue, Now: o.Now, SetupCode: a.setup, Demo: o.Demo,
		Strangers: strangers.List,
		Damage:    func() int { _, n := a.checked.get(); return n },
	})
	tokens := api.New(api.Deps{Verify: a.Verify, Clients: a.Clients, Tokens: a.Tokens, Audit: a.Audit, Catalogue: catalogue, Log: a.log,
		Now: o.Now, Issuer: a.public.URL, Proxies: proxies, Refused: a.refused, Denied: a.Audit.Refused})
	provider := scim.New(scim.Deps{Provision: a.Provision, Log: a.calm, Now: o.Now, BaseURL: a.public.URL, Bearer: tokens.Bearer,
		Standing: tokens.Standing})
	whole := web.New(web.Deps{Log: a.log, Pages: pages, API: tokens, Workspace: api.NewWorkspace(tokens, resources,
		document), SCIM: provider, Proxies: proxies, Strangers: strangers, Public: a.public,
		Ready: a.ready})
	a.accepts = tokens.Shortcut
	a.Handler, a.verification = a.front(whole), a.front(web.OnlyVerification(whole))
	return nil
}

// front returns a handler as listeners serve it: counted, and below the path of the public URL.
func (a *App) front(h http.Handler) http.Handler {
	if a.metrics != nil {
		h = a.metrics.Requests(h)
	}
	return a.public.Mount(h)
}

// lease returns how long this node may trust its memory. It never ends on a single node.
func (a *App) lease(now func() time.Time) *change.Lease {
	if !a.Store.Shared() {
		return nil
	}
	return change.NewLease(now)
}

// catalogue returns the built-in permission table, extended by the operator's file if there is one.
func (a *App) catalogue() (*access.Catalogue, error) {
	if a.cfg.Catalog == "" {
		return access.BuiltIn(), nil
	}
	types, err := catalog.Load(a.cfg.Catalog)
	if err != nil {
		return nil, err
	}
	return access.BuiltIn().Extend(types...)
}

// mailer returns what sends mails; nil without a mail server.
func (a *App) mailer() (*mail.Sender, error) {
	if a.cfg.SMTPURL == "" {
		return nil, nil
	}
	sender, err := mail.New(a.cfg.SMTPURL, a.calm)
	if err != nil {
		return nil, fmt.Errorf("--smtp-url: %w", err)
	}
	return sender, nil
}

// mailing returns what sends links by mail; nothing without a mailer.
func mailing(sender *mail.Sender) ([]invitation.Option, []signin.Option) {
	if sender == nil {
		return nil, nil
	}
	return []invitation.Option{invitation.WithMailer(sender)}, []signin.Option{signin.WithMailer(sender)}
}

// passwordRule returns the rule for new passwords, with the operator's list if there is one.
func (a *App) passwordRule() (*signin.PasswordRule, error) {
	if a.cfg.BreachedPasswords == "" {
		return signin.NewPasswordRule(nil, a.calm), nil
	}
	var err error
	if a.breached, err = signin.OpenBreached(a.cfg.BreachedPasswords); err != nil {
		return nil, fmt.Errorf("--breached-passwords: %w", err)
	}
	return signin.NewPasswordRule(a.breached, a.calm), nil
}

// Close ends background work, saves what is only in memory (uses of tokens, refused tokens, failed
// sign-ins), signs the audit log and closes the database.
func (a *App) Close() error {
	a.Migration.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	// What the audit log gets comes before the audit log's own end, which signs it.
	err := errors.Join(a.Verify.Close(ctx), a.SignIn.Flush(ctx), a.Audit.Close(ctx))
	if a.heads != nil {
		a.heads.Close()
	}
	if a.breached != nil {
		err = errors.Join(err, a.breached.Close())
	}
	return errors.Join(err, a.Store.Close())
}

// Limits says how long the server waits for a client, so that a slow or idle client does not
// hold a connection forever, nor a server that is stopping. All but Finish are the timeouts of [http.Server].
type Limits struct {
	ReadHeader time.Duration
	Read       time.Duration
	Write      time.Duration // from the end of the header
	Idle       time.Duration
	Finish     time.Duration // for requests in flight after the drain; 20 seconds when zero
}

// DefaultLimits returns the limits of a real installation. Writing has more time than reading,
// so that a client whose body did not arrive in time still gets an answer.
func DefaultLimits() Limits {
	return Limits{ReadHeader: 10 * time.Second, Read: 60 * time.Second, Write: 75 * time.Second, Idle: 120 * time.Second,
		Finish: finishTimeout}
}

// maxHeader is the size of a request's line and headers, in bytes.
const maxHeader = 64 << 10

// server returns an HTTP server with the limits.
func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: a.limits.ReadHeader, ReadTimeout: a.limits.Read, WriteTimeout: a.limits.Write,
		IdleTimeout: a.limits.Idle, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

// collectAt is how far the heap may grow before the garbage collector runs, in percent of what
// is alive; GOGC in the environment overrides it. The collector marks the whole index of
// tokens each time, though it seldom changes. With Go's 100 an answer of /auth/verify takes 4 %
// more of the processor. With 200 it takes 2 % less, but the process holds 20 MB more for
// 100,000 tokens.
const collectAt = 150

// Run serves until ctx ends, and stops as [App.stop] says. It returns nil after an orderly stop.
func (a *App) Run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // such listeners have no filters: see quiet
	listener, err := plain.Listen(ctx, "tcp", a.cfg.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", a.cfg.Addr, err)
	}
	requests, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(errCut)
	server := a.server(a.saysClose(a.Handler))
	server.BaseContext = func(net.Listener) context.Context { return requests }
	served := doors{{server, listener}}
	if verification, err := a.listenForVerification(ctx, plain); err != nil {
		return errors.Join(err, listener.Close())
	} else if verification != nil {
		served = append(served, door{a.fastServer(requests), verification})
	}
	a.public.ListensOn(listener.Addr().String())
	if err := a.warnOfSigning(ctx); err != nil {
		return errors.Join(err, served.unlisten())
	}
	if err := a.announce(ctx); err != nil {
		return errors.Join(err, served.unlisten())
	}
	endMetrics, err := a.serveMetrics()
	if err != nil {
		return errors.Join(err, served.unlisten())
	}
	defer endMetrics()
	// While requests are served there is background work, or else the memory of this node would
	// not learn what others change.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer a.inBackground(background)()
	defer stop()
	failed := make(chan error, len(served))
	for _, d := range served {
		go func() { failed <- d.server.Serve(d.listener) }()
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), served.end())
	case <-ctx.Done():
	}
	return a.stop(ctx, served, cut)
}

// announce tells the operator the address of the server and, on an empty database, the
// set-up link.
func (a *App) announce(ctx context.Context) error {
	claimed, err := a.Accounts.Organizations.Claimed(ctx)
	if err != nil {
		return err
	}
	base := a.public.URL()
	fmt.Fprintf(a.out, "Latchkey is ready at %s\n", base)
	if !claimed {
		fmt.Fprintf(a.out, "\nThis installation is not set up yet. Open this link once to claim it:\n\n    %s\n\n", ui.SetupLink(base, a.setup))
	}
	return nil
}

// logger returns a logger of text or JSON lines, from the configured level up.
func logger(cfg config.Config, w io.Writer) *slog.Logger {
	if w == nil {
		return slog.New(slog.DiscardHandler)
	}
	level, err := cfg.Level()
	if err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
