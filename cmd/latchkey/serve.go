package main

import (
	"context"
	"errors"
	"os"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/config"
)

type serveCmd struct {
	Addr           string   `help:"Address to listen on; ${default} unless given." env:"LATCHKEY_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data           string   `help:"Folder of the database, made when missing; ${default} unless given." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	DatabaseURL    string   `help:"PostgreSQL database to use instead of a file, by one server or several: postgres://user:password@host/name." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	PublicURL      string   `help:"How browsers and clients reach this server, e.g. https://keys.example.com." env:"LATCHKEY_PUBLIC_URL" placeholder:"URL"`
	TrustedProxies []string `help:"Addresses or ranges of proxies whose X-Forwarded-For is believed." env:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR"`
	Catalog        string   `help:"YAML file that adds resource types and actions of your own API to the permission table." env:"LATCHKEY_CATALOG" placeholder:"FILE"`
	SMTPURL        string   `name:"smtp-url" help:"Mail server for invitations, e.g. smtp://user:password@mail.example.com:587?from=latchkey@example.com." env:"LATCHKEY_SMTP_URL" placeholder:"URL"`
	LogLevel       string   `help:"debug, info, warn or error." env:"LATCHKEY_LOG_LEVEL" default:"info"`
	LogFormat      string   `help:"text or json." env:"LATCHKEY_LOG_FORMAT" default:"text"`

	AuditRetention config.Retention `help:"How long events of the audit log are kept, e.g. 90d or 7y. 0 is for ever." env:"LATCHKEY_AUDIT_RETENTION" default:"0" placeholder:"TIME"`

	MetricsAddr string        `help:"Address of a listener of its own that serves /metrics for Prometheus; keep it from the public." env:"LATCHKEY_METRICS_ADDR" placeholder:"HOST:PORT"`
	OutageGrace time.Duration `help:"How long tokens are still checked from memory when PostgreSQL cannot be reached, revocations by other servers unseen. 0 refuses them." env:"LATCHKEY_OUTAGE_GRACE" default:"0s"`
}

// Help says how many servers a database may have.
func (serveCmd) Help() string {
	return `One server uses a data folder at a time: it locks DIR/latchkey.lock, and the operating system drops the lock when the server ends, in whatever way. Any number of servers may use one PostgreSQL database.`
}

// Run serves until it is told to stop.
func (s serveCmd) Run(ctx context.Context) (err error) {
	if s.DatabaseURL == "" {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, config.Config{Addr: s.Addr, Data: s.Data, DatabaseURL: s.DatabaseURL, OutageGrace: s.OutageGrace, MetricsAddr: s.MetricsAddr,
		PublicURL: s.PublicURL, AuditRetention: time.Duration(s.AuditRetention),
		TrustedProxies: s.TrustedProxies, Catalog: s.Catalog, SMTPURL: s.SMTPURL, LogLevel: s.LogLevel, LogFormat: s.LogFormat},
		app.Options{Out: os.Stdout, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Run(ctx)
}
