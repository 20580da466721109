package main

import (
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
)

// serverFlags are the flags of every command that runs a server.
type serverFlags struct {
	PublicURL      string   `help:"URL at which browsers and clients reach this server, e.g. https://keys.example.com or https://example.com/latchkey. Links lead to the listening address without it." env:"LATCHKEY_PUBLIC_URL" placeholder:"URL"`
	TrustedProxies []string `help:"Addresses or ranges of proxies whose X-Forwarded-For is trusted." env:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR"`
	Catalog        string   `help:"YAML file with permissions for your own API: resource types and actions." env:"LATCHKEY_CATALOG" placeholder:"FILE"`
	SMTPURL        string   `name:"smtp-url" help:"Mail server for invitations; needs --public-url. For example smtp://user:password@mail.example.com:587?from=latchkey@example.com." env:"LATCHKEY_SMTP_URL" placeholder:"URL"`
	LogFormat      string   `help:"text or json." env:"LATCHKEY_LOG_FORMAT" default:"text"`

	AuditRetention config.Retention `help:"How long to keep events of the audit log, e.g. 90d or 7y. 0 keeps them forever." env:"LATCHKEY_AUDIT_RETENTION" default:"0" placeholder:"TIME"`

	MaxPersonalTokens int `help:"How many personal access tokens a member may have, 1 to 10000; expired ones count until they are deleted." env:"LATCHKEY_MAX_PERSONAL_TOKENS" default:"100" placeholder:"N"`

	AuditKeyFile     string `help:"Key that signs the audit log, from \"latchkey audit key new\"; the same on all servers. Default: audit.key in the data folder, made at the first start; none with a PostgreSQL database." env:"LATCHKEY_AUDIT_KEY_FILE" placeholder:"FILE"`
	AuditHeadTo      string `help:"File or URL outside of the database to which each signed head of the audit log is appended or posted." env:"LATCHKEY_AUDIT_HEAD_TO" placeholder:"FILE|URL"`
	AuditHeadPrivate bool   `help:"Allow --audit-head-to to post to a private or loopback address." env:"LATCHKEY_AUDIT_HEAD_PRIVATE"`

	SecretKeyFile string   `help:"File with the key that seals secrets of resources, from \"latchkey key new\"; the same on all servers. Default: secret.key in the data folder, made at the first start; required with a PostgreSQL database." env:"LATCHKEY_SECRET_KEY_FILE" placeholder:"FILE"`
	SecretKeys    []string `help:"More keys in the configuration of resources whose values are secret. The same on every server." env:"LATCHKEY_SECRET_KEYS" placeholder:"NAME"`

	Drain time.Duration `help:"How long to serve on after SIGTERM, while /readyz says 503 and load balancers notice; a little more than their interval. Ctrl-C skips it, and a second signal ends everything at once." env:"LATCHKEY_DRAIN" default:"3s" placeholder:"TIME"`

	MetricsAddr string        `help:"Address of a separate listener that serves /metrics for Prometheus. Do not make it public." env:"LATCHKEY_METRICS_ADDR" placeholder:"HOST:PORT"`
	OutageGrace time.Duration `help:"How long to accept cached tokens while PostgreSQL cannot be reached; revocations on other servers go unnoticed. 0 refuses all tokens." env:"LATCHKEY_OUTAGE_GRACE" default:"0s"`
}

// config returns the configuration that the flags describe, for a server on a database.
func (f serverFlags) config(addr, data, databaseURL, logLevel string) (config.Config, error) {
	if f.MaxPersonalTokens == 0 { // which Config takes for "not given"
		return config.Config{}, fmt.Errorf("--max-personal-tokens: must be between 1 and %d", access.MaxPersonalTokens)
	}
	return config.Config{Addr: addr, Data: data, DatabaseURL: databaseURL,
		SecretKeyFile: f.SecretKeyFile, SecretKeys: f.SecretKeys, OutageGrace: f.OutageGrace, Drain: f.Drain, MetricsAddr: f.MetricsAddr,
		MaxPersonalTokens: f.MaxPersonalTokens, PublicURL: f.PublicURL, AuditRetention: time.Duration(f.AuditRetention),
		AuditKeyFile: f.AuditKeyFile, MakeAuditKey: true, AuditHeadTo: f.AuditHeadTo, AuditHeadPrivate: f.AuditHeadPrivate,
		TrustedProxies: f.TrustedProxies, Catalog: f.Catalog, SMTPURL: f.SMTPURL, LogLevel: logLevel, LogFormat: f.LogFormat}, nil
}
