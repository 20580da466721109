package main

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
)

// Defaults of flags that several commands have.
const (
	defaultAddr  = "127.0.0.1:8080"
	defaultData  = "data"
	defaultDrain = 3 * time.Second
)

// dataFlag declares the flag that names the data folder.
func dataFlag(c *command, data *string, help string) {
	c.flag(text(data, "DIR"), "data", help).variable("LATCHKEY_DATA")
}

// databaseURLFlag declares the flag that names a PostgreSQL database.
func databaseURLFlag(c *command, url *string, help string) {
	c.flag(text(url, "URL"), "database-url", help).variable("LATCHKEY_DATABASE_URL")
}

// databaseFlags declares the flags that name the database a command works on.
func databaseFlags(c *command, cfg *config.Config) {
	cfg.Data = defaultData
	dataFlag(c, &cfg.Data, "Folder of the database.")
	databaseURLFlag(c, &cfg.DatabaseURL, "PostgreSQL database instead of a file.")
}

// offlineFlags declares the flags of a command that does what a server does, without serving.
func offlineFlags(c *command, cfg *config.Config) {
	cfg.Addr = "127.0.0.1:0"
	databaseFlags(c, cfg)
	c.flag(text(&cfg.AuditKeyFile, "FILE"), "audit-key-file",
		"Key that signs the audit log. Without it: audit.key in the data folder, if it exists.").variable("LATCHKEY_AUDIT_KEY_FILE")
}

// serverFlags declares the flags of every command that runs a server. Where commands differ, cfg
// has the defaults, and data and database say what the flags of these names are for.
func serverFlags(c *command, cfg *config.Config, data, database string) {
	cfg.Addr, cfg.LogFormat = defaultAddr, "text"
	cfg.MaxPersonalTokens, cfg.MakeAuditKey, cfg.Drain = access.DefaultPersonalTokens, true, defaultDrain

	c.flag(text(&cfg.Addr, "HOST:PORT"), "addr", "Address to listen on.").variable("LATCHKEY_ADDR")
	dataFlag(c, &cfg.Data, data)
	databaseURLFlag(c, &cfg.DatabaseURL, database)
	c.flag(text(&cfg.LogLevel, "LEVEL"), "log-level", "debug, info, warn or error.").variable("LATCHKEY_LOG_LEVEL")
	c.flag(text(&cfg.LogFormat, "FORMAT"), "log-format", "text or json.").variable("LATCHKEY_LOG_FORMAT")
	c.flag(text(&cfg.PublicURL, "URL"), "public-url",
		"URL at which browsers and clients reach this server, e.g. https://keys.example.com or https://example.com/latchkey. "+
			"Links lead to the listening address without it.").variable("LATCHKEY_PUBLIC_URL")
	c.flag(list(&cfg.TrustedProxies, "CIDR"), "trusted-proxies",
		"Addresses or ranges of proxies whose X-Forwarded-For is trusted.").variable("LATCHKEY_TRUSTED_PROXIES")
	c.flag(text(&cfg.Catalog, "FILE"), "catalog",
		"YAML file with permissions for your own API: resource types and actions.").variable("LATCHKEY_CATALOG")
	c.flag(text(&cfg.SMTPURL, "URL"), "smtp-url",
		"Mail server for invitations, password links, alerts and warnings; needs --public-url. For example "+
			"smtp://user:password@mail.example.com:587?from=latchkey@example.com.").variable("LATCHKEY_SMTP_URL")
	c.flag(number(&cfg.MaxPersonalTokens, "N", 1, access.MaxPersonalTokens), "max-personal-tokens",
		"How many personal access tokens a member may have, 1 to 10000; expired ones count until they are deleted.").
		variable("LATCHKEY_MAX_PERSONAL_TOKENS")
	auditFlags(c, cfg)
	c.flag(text(&cfg.SecretKeyFile, "FILE"), "secret-key-file",
		"File with the key that seals secrets of resources, from \"latchkey key new\"; the same on all servers. Without it: "+
			"secret.key in the data folder, made at the first start; required with a PostgreSQL database.").variable("LATCHKEY_SECRET_KEY_FILE")
	c.flag(list(&cfg.SecretKeys, "NAME"), "secret-keys",
		"More keys in the configuration of resources whose values are secret. The same on every server.").variable("LATCHKEY_SECRET_KEYS")
	c.flag(list(&cfg.WebhookAllow, "CIDR"), "webhook-allow",
		"Private addresses or ranges that webhooks may reach, also without TLS. All others must be public and use TLS.").
		variable("LATCHKEY_WEBHOOK_ALLOW")
	c.flag(list(&cfg.ProviderAllow, "CIDR"), "provider-allow",
		"Private addresses or ranges at which identity providers may be, also without TLS. All others must be public and use TLS.").
		variable("LATCHKEY_PROVIDER_ALLOW")
	c.flag(text(&cfg.BreachedPasswords, "FILE"), "breached-passwords",
		"Sorted list of SHA-1 hashes of passwords that nobody may choose, as Have I Been Pwned offers it (ordered by hash). "+
			"It is searched on disk.").variable("LATCHKEY_BREACHED_PASSWORDS")
	c.flag(duration(&cfg.Drain), "drain",
		"How long to serve on after SIGTERM, while /readyz says 503 and load balancers notice; a little more than their interval. "+
			"Ctrl-C skips it, and a second signal ends everything at once.").variable("LATCHKEY_DRAIN")
	c.flag(text(&cfg.MetricsAddr, "HOST:PORT"), "metrics-addr",
		"Address of a separate listener that serves /metrics for Prometheus. Do not make it public.").variable("LATCHKEY_METRICS_ADDR")
	c.flag(number(&cfg.MetricsTokens, "N", 0, config.MaxMetricsTokens), "metrics-tokens",
		"Of how many tokens /metrics says when they expire, by id: those that expire soonest, 0 to 10000. 0 names none.").
		variable("LATCHKEY_METRICS_TOKENS")
	c.flag(text(&cfg.VerifyAddr, "HOST:PORT|unix:PATH"), "verify-addr",
		"Address of a separate, faster listener that serves /auth/verify, /oauth2/introspect and /healthz for proxies and servers "+
			"nearby. It speaks HTTP without TLS. Clients of a socket count as 127.0.0.1.").variable("LATCHKEY_VERIFY_ADDR")
	c.flag(text(&cfg.VerifySocketGroup, "GROUP"), "verify-socket-group",
		"Group that may use the socket of --verify-addr, by name or number. Default: the server's own group.").
		variable("LATCHKEY_VERIFY_SOCKET_GROUP")
	c.flag(duration(&cfg.OutageGrace), "outage-grace",
		"How long to accept cached tokens while PostgreSQL cannot be reached; revocations on other servers go unnoticed. "+
			"0 refuses all tokens.").variable("LATCHKEY_OUTAGE_GRACE")
}

// auditFlags declares what a server does with the audit log.
func auditFlags(c *command, cfg *config.Config) {
	c.flag(retention(&cfg.AuditRetention), "audit-retention",
		"How long to keep events of the audit log, e.g. 90d or 7y. 0 keeps them forever.").variable("LATCHKEY_AUDIT_RETENTION")
	c.flag(text(&cfg.AuditKeyFile, "FILE"), "audit-key-file",
		"Key that signs the audit log, from \"latchkey audit key new\"; the same on all servers. Without it: audit.key in the "+
			"data folder, made at the first start; none with a PostgreSQL database.").variable("LATCHKEY_AUDIT_KEY_FILE")
	c.flag(text(&cfg.AuditHeadTo, "FILE|URL"), "audit-head-to",
		"File or URL outside of the database to which each signed head of the audit log is appended or posted.").
		variable("LATCHKEY_AUDIT_HEAD_TO")
	c.flag(yesNo(&cfg.AuditHeadPrivate), "audit-head-private",
		"Allow --audit-head-to to post to a private or loopback address.").variable("LATCHKEY_AUDIT_HEAD_PRIVATE")
}
