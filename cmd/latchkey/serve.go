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
	Data           string   `help:"Folder of the database, created if missing; ${default} unless given." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	DatabaseURL    string   `help:"PostgreSQL database to use instead of a file; several servers can share it: postgres://user:password@host/name." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	PublicURL      string   `help:"URL at which browsers and clients reach this server, e.g. https://keys.example.com or https://example.com/latchkey. Links lead to the listening address without it." env:"LATCHKEY_PUBLIC_URL" placeholder:"URL"`
	TrustedProxies []string `help:"Addresses or ranges of proxies whose X-Forwarded-For is trusted." env:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR"`
	Catalog        string   `help:"YAML file with permissions for your own API: resource types and actions." env:"LATCHKEY_CATALOG" placeholder:"FILE"`
	SMTPURL        string   `name:"smtp-url" help:"Mail server for invitations; needs --public-url. For example smtp://user:password@mail.example.com:587?from=latchkey@example.com." env:"LATCHKEY_SMTP_URL" placeholder:"URL"`
	LogLevel       string   `help:"debug, info, warn or error." env:"LATCHKEY_LOG_LEVEL" default:"info"`
	LogFormat      string   `help:"text or json." env:"LATCHKEY_LOG_FORMAT" default:"text"`

	AuditRetention config.Retention `help:"How long to keep events of the audit log, e.g. 90d or 7y. 0 keeps them forever." env:"LATCHKEY_AUDIT_RETENTION" default:"0" placeholder:"TIME"`

	MetricsAddr string        `help:"Address of a separate listener that serves /metrics for Prometheus. Do not make it public." env:"LATCHKEY_METRICS_ADDR" placeholder:"HOST:PORT"`
	OutageGrace time.Duration `help:"How long to accept cached tokens while PostgreSQL cannot be reached; revocations on other servers go unnoticed. 0 refuses all tokens." env:"LATCHKEY_OUTAGE_GRACE" default:"0s"`
}

// Help says how many servers can use one database.
func (serveCmd) Help() string {
	return `Only one server can use a data folder at a time. It locks DIR/latchkey.lock, and the operating system releases the lock when the server ends, even if it crashes. Any number of servers can share one PostgreSQL database.`
}

// Run serves until ctx is done.
func (s serveCmd) Run(ctx context.Context) (err error) {
	if s.DatabaseURL == "" {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, config.Config{Addr: s.Addr, Data: s.Data, DatabaseURL: s.DatabaseURL,
		OutageGrace: s.OutageGrace, MetricsAddr: s.MetricsAddr,
		PublicURL: s.PublicURL, AuditRetention: time.Duration(s.AuditRetention),
		TrustedProxies: s.TrustedProxies, Catalog: s.Catalog, SMTPURL: s.SMTPURL, LogLevel: s.LogLevel, LogFormat: s.LogFormat},
		app.Options{Out: os.Stdout, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Run(ctx)
}
