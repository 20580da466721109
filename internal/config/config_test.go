package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/config"
)

func TestValidate_ReportsEveryProblemAtOnce(t *testing.T) {
	err := config.Config{Addr: "nowhere", PublicURL: "ftp://x", TrustedProxies: []string{"10.0.0.0/99"},
		LogLevel: "loud", LogFormat: "xml", MaxPersonalTokens: -1}.Validate()
	if err == nil {
		t.Fatal("a wholly wrong configuration was accepted")
	}
	for _, flag := range []string{"--addr", "--data", "--public-url", "--trusted-proxies", "--log-level", "--log-format",
		"--max-personal-tokens"} {
		if !strings.Contains(err.Error(), flag) {
			t.Errorf("%s is not named in %q", flag, err)
		}
	}
}

func TestValidate_KnowsWhereSignedHeadsCanGo(t *testing.T) {
	for _, c := range []struct {
		to, database, key string
		good              bool
	}{
		{"/mnt/worm/heads.jsonl", "", "", true}, {"https://user:hidden@heads.example.com/x?y", "", "",
			true}, {"http://10.0.0.1:8080", "", "", true},
		{"ftp://hidden.example.com/x", "", "", false}, {"https://", "", "", false}, {"https://hidden:x:y/", "", "", false},
		{"heads.jsonl", "postgres://a:b@c/d", "", false}, {"heads.jsonl", "postgres://a:b@c/d", "audit.key", true},
	} {
		err := config.Config{Addr: ":1", Data: "x", AuditHeadTo: c.to, DatabaseURL: c.database, AuditKeyFile: c.key}.Validate()
		if (err == nil) != c.good || err != nil && (!strings.Contains(err.Error(), "--audit-head-to") ||
			strings.Contains(err.Error(), "hidden")) {
			t.Errorf("%s with %q and %q: %v", c.to, c.database, c.key, err)
		}
	}
}

func TestValidate_KnowsWhereVerificationCanListen(t *testing.T) {
	for _, c := range []struct {
		addr, group, wrong string
	}{
		{"", "", ""}, {"127.0.0.1:8081", "", ""}, {"unix:/run/latchkey/verify.sock", "www-data", ""}, {"unix:relative", "", ""},
		{"nowhere", "", "--verify-addr"}, {"/run/latchkey/verify.sock", "", "--verify-addr"}, {"unix:", "", "--verify-addr"},
		{"unix:/" + strings.Repeat("x", 200), "", "--verify-addr"}, {"127.0.0.1:8081", "www-data", "--verify-socket-group"},
		{"", "www-data", "--verify-socket-group"},
	} {
		err := config.Config{Addr: ":1", Data: "x", VerifyAddr: c.addr, VerifySocketGroup: c.group}.Validate()
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q for %q: %v", c.addr, c.group, err)
		}
	}
}

func TestValidate_AcceptsTheDefaults(t *testing.T) {
	c := config.Config{Addr: "127.0.0.1:8080", Data: "/var/lib/latchkey", PublicURL: "https://keys.example.com/",
		TrustedProxies: []string{"10.1.2.3", "fd00::/8"}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	ranges, err := c.Proxies()
	if err != nil || len(ranges) != 2 || ranges[0].String() != "10.1.2.3/32" {
		t.Errorf("Proxies = %v, %v", ranges, err)
	}
}

func TestValidate_PublicURL(t *testing.T) {
	for address, ok := range map[string]bool{
		"": true, "https://keys.example.com": true, "https://keys.example.com/": true, "http://127.0.0.1:8080": true,
		"https://[2001:db8::1]:8443":   true,
		"https://example.com/latchkey": true, "https://example.com/latchkey/": true, "https://example.com/tools/keys.v2": true,
		"keys.example.com": false, "https://": false, "https://:443": false, "ftp://keys.example.com": false,
		"https://keys.example.com?x=1": false, "https://keys.example.com/#x": false, "https://ada:secret@keys.example.com": false,
		"https://example.com/a//b": false, "https://example.com//a": false, "https://example.com/../a": false,
		"https://example.com/a/./b": false, "https://example.com/a%2Fb": false,
		"https://example.com/a b": false, "https://example.com/a\"b": false, "https://example.com/ä": false,
		"https://example.com/settings": false, "https://example.com/v2/latchkey": false, "https://example.com/static/": false,
	} {
		c := config.Config{Addr: "127.0.0.1:8080", Data: "data", PublicURL: address}
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestValidate_MailNeedsThePublicURL(t *testing.T) {
	c := config.Config{Addr: "127.0.0.1:8080", Data: "data", SMTPURL: "smtp://localhost?from=latchkey@example.com"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "--smtp-url: needs --public-url") {
		t.Errorf("mails would have links to the listening address: %v", err)
	}
	c.PublicURL = "https://keys.example.com"
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfig_SaysWhereTheKeysAre(t *testing.T) {
	for _, c := range []struct {
		config        config.Config
		audit, secret string
	}{
		{config.Config{Data: "d"}, filepath.Join("d", "audit.key"), filepath.Join("d", "secret.key")},
		{config.Config{Data: "d", DatabaseURL: "postgres://h/n"}, "", ""},
		{config.Config{Data: "d", AuditKeyFile: "a", SecretKeyFile: "s"}, "a", "s"},
		{config.Config{Data: "d", DatabaseURL: "postgres://h/n", AuditKeyFile: "a", SecretKeyFile: "s"}, "a", "s"},
	} {
		if audit, secret := c.config.AuditKey(), c.config.KeyFile(); audit != c.audit || secret != c.secret {
			t.Errorf("%+v: %q and %q", c.config, audit, secret)
		}
	}
}
