package registry

import (
	"strings"
	"unicode"
)

// SecretNames says which keys of a configuration hold secrets.
type SecretNames struct{ plain map[string]bool }

// NewSecretNames returns the built-in table, extended by an operator's own names.
func NewSecretNames(more ...string) SecretNames {
	n := SecretNames{map[string]bool{}}
	for _, name := range append(builtInSecretNames(), more...) {
		if plain := plainName(name); plain != "" {
			n.plain[plain] = true
		}
	}
	return n
}

// Has reports whether a key holds a secret. It compares whole names, without regard to case, "_"
// and "-".
func (n SecretNames) Has(key string) bool { return n.plain[plainName(key)] }

// plainName returns a key in the form in which keys are compared.
func plainName(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r)) // both, because some letters have two small forms
	}, strings.TrimSpace(key))
}

// builtInSecretNames is the one table of keys that hold secrets. docs/secrets.md lists it, and a
// test compares the two.
func builtInSecretNames() []string {
	return []string{
		"password", "passwd", "pwd", "passphrase", "sshPassword", "proxyPassword", "dbPassword", "privateKeyPassword", "privateKeyPassphrase",
		"secret", "secretKey", "clientSecret", "appSecret", "apiSecret", "apiSecretKey", "consumerSecret", "authSecret", "sharedSecret",
		"signingSecret", "webhookSecret", "oauthSecret",
		"token", "apiToken", "accessToken", "accessTokenSecret", "authToken", "authorizationToken", "bearerToken", "refreshToken",
		"sessionToken", "securityToken", "personalAccessToken", "oauthToken", "sasToken",
		"apiKey", "authKey", "appKey", "restApiKey", "serverKey", "accountKey", "sharedAccessKey", "masterKey", "encryptionKey",
		"signingKey", "hmacKey",
		"accessKey", "accessKeyID", "secretAccessKey",
		"privateKey", "sshPrivateKey", "sslKey", "clientKey", "clientCertKey", "serviceAccountKey", "serviceAccountJson",
		"credential", "credentials", "authorization", "cookie",
		"connectionString", "connectionUri", "connectionUrl", "dsn",
	}
}
