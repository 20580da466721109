package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/plaintext"
)

const (
	maxSubject = 255  // OpenID Connect Core, section 2
	maxGroups  = 1000 // more are refused and not cut: a cut would take groups away
	maxText    = 500
)

// clean returns text of a provider as it may be shown.
func clean(text string) string { return plaintext.ClipBytes(plaintext.Strip(text), maxText) }

// Finish exchanges the code of an answer for an ID token and checks it. The error is an [identity.Failure] if a
// check fails.
func (c *Client) Finish(ctx context.Context, s identity.Connection, r identity.Challenge, a identity.Answer) (identity.Proof, error) {
	var p identity.Proof
	err := c.step(ctx, s.Issuer, func(ctx context.Context, k *known, d *document) error {
		if err := checkAnswer(&p, d, s, a); err != nil {
			return err
		}
		tokens, err := d.config(s).Exchange(ctx, a.Code, oauth2.VerifierOption(r.Verifier))
		if err != nil {
			return p.Fail(identity.CheckCode, sentence(explain("the code was not exchanged", err)))
		}
		raw, _ := tokens.Extra("id_token").(string)
		if raw == "" {
			return p.Fail(identity.CheckCode, "The provider's answer has no ID token.")
		}
		p.Pass(identity.CheckCode, "")
		p.Token = raw
		if err := c.checkToken(ctx, &p, k, d, s, r, raw); err != nil {
			return err
		}
		return c.readClaims(ctx, &p, d, s, tokens)
	})
	var failure *identity.Failure
	if err == nil || errors.As(err, &failure) || fault.Is(err, fault.Unavailable) {
		return p, err
	}
	return p, p.Fail(identity.CheckAnswer, sentence(err.Error()))
}

// checkAnswer checks what came with the browser: no error, and the issuer that was asked (RFC 9207).
func checkAnswer(p *identity.Proof, d *document, s identity.Connection, a identity.Answer) error {
	switch {
	case a.Error != "":
		return p.Fail(identity.CheckAnswer, "The provider did not let the person in: "+clean(a.Error+" "+a.Description))
	case a.Code == "":
		return p.Fail(identity.CheckAnswer, "The answer has no code.")
	}
	p.Pass(identity.CheckAnswer, "")
	switch {
	case a.Issuer != "" && a.Issuer != s.Issuer:
		return p.Fail(identity.CheckOrigin, "The answer is of another provider: "+clean(a.Issuer))
	case a.Issuer == "" && d.NamesItself:
		return p.Fail(identity.CheckOrigin, "The answer does not name its provider, although this provider always does.")
	}
	p.Pass(identity.CheckOrigin, "")
	return nil
}

// checkToken checks an ID token. The library's verdict counts; finding out which part of it failed comes after.
func (c *Client) checkToken(ctx context.Context, p *identity.Proof, k *known, d *document, s identity.Connection,
	r identity.Challenge, raw string) error {
	config := oidc.Config{ClientID: s.ClientID, SupportedSigningAlgs: d.algorithms(), Now: c.now}
	token, err := oidc.NewVerifier(s.Issuer, k.keys, &config).Verify(ctx, raw)
	if err != nil {
		return c.diagnose(ctx, p, k, config, s, raw, err)
	}
	for _, check := range []string{identity.CheckSignature, identity.CheckIssuer, identity.CheckAudience} {
		p.Pass(check, "")
	}
	if err := token.Claims(&p.All); err != nil {
		return p.Fail(identity.CheckClaims, "The claims of the ID token cannot be read.")
	}
	if token.IssuedAt.After(c.now().Add(early)) {
		return p.Fail(identity.CheckTime, "The ID token is of "+stamp(token.IssuedAt)+", which is in the future. Compare the clocks.")
	}
	p.Pass(identity.CheckTime, "Valid until "+stamp(token.Expiry))
	if len(token.Nonce) == 0 || token.Nonce != r.Nonce {
		return p.Fail(identity.CheckNonce, "The ID token does not answer this request: its nonce is another one.")
	}
	if party := text(p.All["azp"]); party != "" && party != s.ClientID || party == "" && len(token.Audience) > 1 {
		return p.Fail(identity.CheckNonce, "The ID token was made for another client: "+clean(party))
	}
	p.Pass(identity.CheckNonce, "")
	if token.Subject == "" || len(token.Subject) > maxSubject || !plaintext.Showable(token.Subject) {
		return p.Fail(identity.CheckClaims, "The ID token has no usable subject.")
	}
	p.Claims.Issuer, p.Claims.Subject = s.Issuer, token.Subject
	return nil
}

// diagnose says which part of a token was refused, by asking the library again with less to check.
func (c *Client) diagnose(ctx context.Context, p *identity.Proof, k *known, config oidc.Config, s identity.Connection, raw string,
	why error) error {
	steps := []struct {
		check string
		skip  func(*oidc.Config)
	}{
		{identity.CheckSignature, func(o *oidc.Config) { o.SkipIssuerCheck, o.SkipClientIDCheck, o.SkipExpiryCheck = true, true, true }},
		{identity.CheckIssuer, func(o *oidc.Config) { o.SkipClientIDCheck, o.SkipExpiryCheck = true, true }},
		{identity.CheckAudience, func(o *oidc.Config) { o.SkipExpiryCheck = true }},
	}
	for _, step := range steps {
		part := config
		step.skip(&part)
		if _, err := oidc.NewVerifier(s.Issuer, k.keys, &part).Verify(ctx, raw); err != nil {
			return p.Fail(step.check, clean(err.Error()))
		}
		p.Pass(step.check, "")
	}
	return p.Fail(identity.CheckTime, clean(why.Error()))
}

// readClaims takes what counts from the ID token and, for what is not in it, from the user info.
func (c *Client) readClaims(ctx context.Context, p *identity.Proof, d *document, s identity.Connection, tokens *oauth2.Token) error {
	_, named := p.All["email"]
	_, grouped := p.All[s.GroupsClaim]
	if d.UserInfo != "" && (!named || s.GroupsClaim != "" && !grouped) {
		if err := addUserInfo(ctx, p, d, tokens); err != nil {
			return p.Fail(identity.CheckClaims, sentence(err.Error()))
		}
	}
	p.Pass(identity.CheckClaims, "")
	// What is cut is longer than any address, so it stays none.
	p.Claims.Email = plaintext.ClipBytes(text(p.All["email"]), 2*plaintext.MaxEmail)
	p.Claims.Name, p.Claims.Hosted = clean(text(p.All["name"])), clean(text(p.All["hd"]))
	verified := p.All["email_verified"]
	p.Claims.Verified, p.Claims.Unverified = says(verified, "true"), says(verified, "false")
	p.Claims.Session, p.Claims.At = text(p.All["sid"]), number(p.All["auth_time"])
	if len(p.Claims.Session) > maxSubject {
		p.Claims.Session = ""
	}
	if s.GroupsClaim == "" {
		return nil
	}
	var err error
	if p.Claims.Groups, p.Claims.HasGroups, err = groups(p.All[s.GroupsClaim]); err != nil {
		return p.Fail(identity.CheckGroups, sentence("the claim "+s.GroupsClaim+" "+err.Error()))
	}
	if p.Claims.HasGroups {
		p.Pass(identity.CheckGroups, strconv.Itoa(len(p.Claims.Groups))+" in the claim "+s.GroupsClaim)
	} else {
		p.Pass(identity.CheckGroups, "There is no claim "+s.GroupsClaim+". Groups are left alone.")
	}
	return nil
}

// addUserInfo adds the claims of the user info that the ID token does not have. It must be of the same subject.
func addUserInfo(ctx context.Context, p *identity.Proof, d *document, tokens *oauth2.Token) error {
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return errors.New(explain("the user info cannot be read", err))
	}
	if info.Subject != p.Claims.Subject {
		return errors.New("the user info is about somebody else")
	}
	more := map[string]json.RawMessage{}
	if err := info.Claims(&more); err != nil {
		return errors.New("the user info is no JSON object")
	}
	if _, named := p.All["email"]; named && text(more["email"]) != text(p.All["email"]) {
		delete(more, "email_verified") // it is about another address
	}
	maps.Copy(more, p.All) // what is signed counts
	p.All = more
	return nil
}

// groups reads a claim of groups: a list of texts, or one text.
func groups(raw json.RawMessage) (list []string, there bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if one := text(raw); one != "" {
		return []string{one}, true, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, false, errors.New("is not a list of texts")
	}
	if len(list) > maxGroups {
		return nil, false, fmt.Errorf("has %d entries, and at most %d are read: let the provider send only the groups that matter",
			len(list), maxGroups)
	}
	return list, true, nil
}

// text returns a claim that is a string, and "" for any other.
func text(raw json.RawMessage) string {
	s := ""
	_ = json.Unmarshal(raw, &s) // anything else counts as none
	return s
}

// says reports whether a claim is "true" or "false". Some providers send that as a text.
func says(raw json.RawMessage, what string) bool { return string(raw) == what || text(raw) == what }

// number returns a claim that is a time in seconds; zero for any other.
func number(raw json.RawMessage) time.Time {
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// sentence returns the text of an error as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// Logout checks a logout token, which the provider sends when a session at it has ended. The error is Unavailable if
// the provider's configuration or keys cannot be read.
func (c *Client) Logout(ctx context.Context, s identity.Connection, raw string) (identity.Logout, error) {
	var out identity.Logout
	configured := false
	err := c.step(ctx, s.Issuer, func(ctx context.Context, k *known, d *document) (err error) {
		configured = true
		out, err = c.checkLogout(ctx, k, d, s, raw)
		return err
	})
	if err != nil && !configured {
		return out, fault.NewUnavailable(err)
	}
	return out, err
}

// logoutType reports whether the header of a token names the type of logout tokens, or no type of its own: the
// specification recommends logout+jwt, and many providers say JWT or nothing.
func logoutType(raw string) bool {
	head, _, _ := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Type string `json:"typ"`
	}
	if err != nil || json.Unmarshal(decoded, &header) != nil {
		return false
	}
	name := strings.TrimPrefix(strings.ToLower(header.Type), "application/")
	return name == "logout+jwt" || name == "jwt" || name == ""
}

func (c *Client) checkLogout(ctx context.Context, k *known, d *document, s identity.Connection, raw string) (identity.Logout, error) {
	keys := &watched{KeySet: k.keys}
	config := oidc.Config{ClientID: s.ClientID, SupportedSigningAlgs: d.algorithms(), Now: c.now}
	token, err := oidc.NewVerifier(s.Issuer, keys, &config).VerifyLogout(ctx, raw)
	switch {
	case keys.unread:
		return identity.Logout{}, fault.NewUnavailable(err)
	case err != nil:
		return identity.Logout{}, errors.New(clean(err.Error()))
	case !logoutType(raw):
		return identity.Logout{}, errors.New("the logout token says that it is a token of another type")
	}
	if age := c.now().Sub(token.IssuedAt); age < -early || age > early+3*time.Minute {
		return identity.Logout{}, errors.New("the logout token is not of this moment")
	}
	return identity.Logout{ID: token.TokenID, Subject: token.Subject, Session: token.SessionID, Until: token.Expiry}, nil
}
