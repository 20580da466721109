// Package config defines and checks what an operator can configure. The command line fills a
// [Config] from flags and LATCHKEY_* variables. The package itself opens no files and reads no
// environment.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Config is the whole configuration of a server.
type Config struct {
	Addr           string   // HOST:PORT to listen on
	Data           string   // folder of the SQLite database; ignored with DatabaseURL
	DatabaseURL    string   // postgres://user:password@host/name; empty: SQLite
	PublicURL      string   // URL at which browsers and clients reach this server, possibly with a path; empty: http://Addr
	TrustedProxies []string // addresses or CIDR ranges whose X-Forwarded-For is trusted
	Catalog        string   // YAML file with the operator's own resource types; empty: none
	SMTPURL        string   // smtp://… for invitations by email; empty: links only
	LogLevel       string   // debug, info, warn, error
	LogFormat      string   // text, json
	// OutageGrace is how long cached tokens are accepted after the database was lost.
	// Revocations made elsewhere go unnoticed in that time. Zero, the default, refuses all
	// tokens.
	OutageGrace time.Duration
	// Drain is how long a server that was asked to stop serves on before it takes no new
	// connections.
	Drain       time.Duration
	MetricsAddr string // HOST:PORT that serves /metrics and nothing else; empty: none
	// MetricsTokens is of how many tokens /metrics says when they expire, by id; 0: of none.
	MetricsTokens int
	// VerifyAddr is HOST:PORT or unix:PATH of a listener that serves verification and nothing else;
	// empty: none.
	VerifyAddr        string
	VerifySocketGroup string // name or number of the group that may use the socket; empty: that of the server
	// MaxPersonalTokens is how many personal access tokens a member may have; 0 means the
	// default.
	MaxPersonalTokens int
	// AuditRetention is how long events of the audit log are kept; 0 means forever.
	AuditRetention time.Duration
	// AuditKeyFile holds the key that signs heads of the audit log. Empty: audit.key in Data, or
	// none with DatabaseURL.
	AuditKeyFile      string
	MakeAuditKey      bool     // make audit.key in Data if it is missing
	AuditHeadTo       string   // file or URL that each signed head is appended to; empty: none
	AuditHeadPrivate  bool     // allow a URL at a private or loopback address
	SecretKeyFile     string   // file with the keys that seal secrets of resources; empty: secret.key in Data
	BreachedPasswords string   // file with the sorted SHA-1 digests of passwords that are refused; empty: none
	SecretKeys        []string // more keys of configurations that hold secrets
	WebhookAllow      []string // addresses or CIDR ranges that webhooks may reach although they are private
	ProviderAllow     []string // the same for identity providers
}

// AuditKey returns the path of the key that signs the audit log, which need not exist unless it is
// configured; "" if none is, on PostgreSQL.
func (c Config) AuditKey() string {
	if c.AuditKeyFile == "" && c.DatabaseURL == "" {
		return filepath.Join(c.Data, "audit.key")
	}
	return c.AuditKeyFile
}

// KeyFile returns the path of the file with the secret keys; "" if none is configured, on PostgreSQL.
func (c Config) KeyFile() string {
	if c.SecretKeyFile == "" && c.DatabaseURL == "" {
		return filepath.Join(c.Data, "secret.key")
	}
	return c.SecretKeyFile
}

// MaxMetricsTokens is of how many tokens /metrics can say when they expire.
const MaxMetricsTokens = 10_000

// maxDrain keeps a slip of the pen from making a server that cannot be stopped.
const maxDrain = time.Hour

// Validate returns an error with every problem, by flag name.
func (c Config) Validate() error {
	var p fault.Problems
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		p.Add("--addr", fmt.Sprintf("%q is not HOST:PORT", c.Addr))
	}
	if c.Data == "" && c.DatabaseURL == "" {
		p.Add("--data", "a folder for the database is required")
	}
	// The parser's error is not shown: it quotes the URL, which holds a password.
	if u, err := url.Parse(c.DatabaseURL); c.DatabaseURL != "" && (err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql")) {
		p.Add("--database-url", "must look like postgres://user:password@host/name")
	}
	if _, _, err := net.SplitHostPort(c.MetricsAddr); c.MetricsAddr != "" && err != nil {
		p.Add("--metrics-addr", fmt.Sprintf("%q is not HOST:PORT", c.MetricsAddr))
	}
	if c.MetricsTokens < 0 || c.MetricsTokens > MaxMetricsTokens {
		p.Add("--metrics-tokens", fmt.Sprintf("must be between 0 and %d", MaxMetricsTokens))
	}
	if c.MetricsTokens > 0 && c.MetricsAddr == "" {
		p.Add("--metrics-tokens", "needs --metrics-addr")
	}
	if problem := c.checkVerifyAddr(); problem != "" {
		p.Add("--verify-addr", problem)
	}
	if c.VerifySocketGroup != "" && c.VerifySocket() == "" {
		p.Add("--verify-socket-group", "needs --verify-addr unix:PATH")
	}
	if c.OutageGrace < 0 {
		p.Add("--outage-grace", "must not be negative")
	}
	if c.Drain < 0 || c.Drain > maxDrain {
		p.Add("--drain", fmt.Sprintf("must be between 0 and %v", maxDrain))
	}
	if c.AuditRetention != 0 && c.AuditRetention < 24*time.Hour {
		p.Add("--audit-retention", "must be at least a day; 0d keeps events forever")
	}
	if problem := checkPublicURL(c.PublicURL); problem != "" {
		p.Add("--public-url", problem)
	}
	if c.SMTPURL != "" && c.PublicURL == "" {
		p.Add("--smtp-url", "needs --public-url, or the links in mails would lead to the listening address")
	}
	if c.MaxPersonalTokens < 0 || c.MaxPersonalTokens > access.MaxPersonalTokens {
		p.Add("--max-personal-tokens", fmt.Sprintf("must be between 1 and %d", access.MaxPersonalTokens))
	}
	// Neither this URL is quoted.
	if u, err := url.Parse(c.AuditHeadTo); c.AuditHeadURL() && (err != nil || u.Scheme != "https" && u.Scheme != "http" ||
		u.Hostname() == "") {
		p.Add("--audit-head-to", "must be a file, or a URL that looks like https://heads.example.com/latchkey")
	}
	if c.AuditHeadTo != "" && c.DatabaseURL != "" && c.AuditKeyFile == "" {
		p.Add("--audit-head-to", "needs --audit-key-file with --database-url: without a key there are no signed heads")
	}
	if _, err := c.Proxies(); err != nil {
		p.Add("--trusted-proxies", err.Error())
	}
	if _, err := c.WebhookRanges(); err != nil {
		p.Add("--webhook-allow", err.Error())
	}
	if _, err := c.ProviderRanges(); err != nil {
		p.Add("--provider-allow", err.Error())
	}
	if _, err := c.Level(); err != nil {
		p.Add("--log-level", err.Error())
	}
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		p.Add("--log-format", fmt.Sprintf("%q is neither text nor json", c.LogFormat))
	}
	if f := fault.Of(p.Err("")); f != nil {
		lines := make([]string, len(f.Fields))
		for i, field := range f.Fields {
			lines[i] = field.Path + ": " + field.Message
		}
		return fmt.Errorf("%s", strings.Join(lines, "; "))
	}
	return nil
}

// VerifySocket returns the path of the Unix socket that serves verification, or "" if none is configured.
func (c Config) VerifySocket() string {
	if path, found := strings.CutPrefix(c.VerifyAddr, "unix:"); found {
		return path
	}
	return ""
}

// maxSocketPath is how many bytes a system allows for the path of a socket, with room for the zero byte
// behind it: 104 on some systems, 108 on Linux.
const maxSocketPath = 103

func (c Config) checkVerifyAddr() string {
	path := c.VerifySocket()
	switch _, _, err := net.SplitHostPort(c.VerifyAddr); {
	case c.VerifyAddr == "":
		return ""
	case strings.HasPrefix(c.VerifyAddr, "unix:") && path == "":
		return "unix: needs the path of a socket"
	case len(path) > maxSocketPath:
		return fmt.Sprintf("the path of a socket may have at most %d bytes", maxSocketPath)
	case path == "" && err != nil:
		return fmt.Sprintf("%q is neither HOST:PORT nor unix:PATH", c.VerifyAddr)
	}
	return ""
}

// checkPublicURL returns what is wrong with a public URL, or "" if nothing is.
func checkPublicURL(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" {
		return fmt.Sprintf("%q does not look like https://latchkey.example.com", address)
	}
	path := strings.TrimRight(u.Path, "/")
	if path == "" {
		return ""
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if strings.Trim(segment, ".") == "" || strings.Trim(segment, pathLetters) != "" || u.RawPath != "" {
			return fmt.Sprintf("the path %q must consist of letters, digits and - . _ ~ between single slashes", u.Path)
		}
	}
	first, _, _ := strings.Cut(path[1:], "/")
	if slices.Contains(ownSegments(), first) {
		return fmt.Sprintf("the path must not begin with /%s, which is a path of Latchkey itself", first)
	}
	return ""
}

const pathLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// ownSegments returns with what the paths of the server begin. The path of a public URL cannot
// begin with one of them: behind a proxy that strips the path, /settings/profile could not be told
// from a page below it.
func ownSegments() []string {
	return []string{".well-known", "accept-invitation", "auth", "calendar", "confirm", "docs", "favicon.ico", "forgot-password", "healthz",
		"help", "libraries", "needs-attention", "oauth2", "readyz", "recover", "scim", "search", "settings", "setup", "sign-in", "sign-out",
		"sso", "static", "tokens", "transformations", "v2", "workspaces"}
}

// AuditHeadURL reports whether AuditHeadTo is a URL; otherwise it is a file.
func (c Config) AuditHeadURL() bool { return strings.Contains(c.AuditHeadTo, "://") }

// Proxies parses TrustedProxies. A single address becomes a range of one.
func (c Config) Proxies() ([]netip.Prefix, error) { return parseRanges(c.TrustedProxies) }

// WebhookRanges parses WebhookAllow. A single address becomes a range of one.
func (c Config) WebhookRanges() ([]netip.Prefix, error) { return parseRanges(c.WebhookAllow) }

// ProviderRanges parses ProviderAllow. A single address becomes a range of one.
func (c Config) ProviderRanges() ([]netip.Prefix, error) { return parseRanges(c.ProviderAllow) }

func parseRanges(list []string) ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for _, s := range list {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			addr, addrErr := netip.ParseAddr(s)
			if addrErr != nil {
				return nil, fmt.Errorf("%q is neither an address nor a range like 10.0.0.0/8", s)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		ranges = append(ranges, unmapped(prefix).Masked())
	}
	return ranges, nil
}

// unmapped returns the IPv4 form of an IPv4-in-IPv6 range, because client addresses are
// compared in that form.
func unmapped(p netip.Prefix) netip.Prefix {
	const mapped = 96 // the bits of an IPv4-in-IPv6 address before the IPv4 address
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p
}

// Level parses LogLevel. Empty means info.
func (c Config) Level() (slog.Level, error) {
	var level slog.Level
	if c.LogLevel == "" {
		return slog.LevelInfo, nil
	}
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return 0, fmt.Errorf("%q is not debug, info, warn or error", c.LogLevel)
	}
	return level, nil
}
