package saml

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"latchkey/internal/identity"
	"latchkey/internal/plaintext"
)

const (
	bearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	maxText = 500
)

// clean returns text of a provider as it may be shown.
func clean(text string) string { return plaintext.ClipBytes(plaintext.Strip(text), maxText) }

// sentence returns the text of an error as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// Finish checks an answer. The error is an [identity.Failure] if a check fails.
func (c *Client) Finish(_ context.Context, s identity.Connection, r identity.Challenge, a identity.Answer) (identity.Proof, error) {
	var p identity.Proof
	text, err := decode(a.Response)
	if err != nil {
		return p, p.Fail(identity.CheckAnswer, sentence("the answer cannot be read: "+err.Error()))
	}
	response, err := read(text)
	if err != nil {
		return p, p.Fail(identity.CheckAnswer, sentence("the answer cannot be read: "+err.Error()))
	}
	if problem := status(response); problem != "" {
		return p, p.Fail(identity.CheckAnswer, problem)
	}
	assertion, err := assertionOf(response)
	if err != nil {
		return p, p.Fail(identity.CheckAnswer, sentence("the answer is refused: "+err.Error()))
	}
	p.Pass(identity.CheckAnswer, "")
	signed, err := c.verify(assertion, s.Metadata.Certificates)
	if err != nil {
		return p, p.Fail(identity.CheckSignature, sentence(err.Error()))
	}
	p.Pass(identity.CheckSignature, "")
	if err := c.checkSigned(&p, s, r, response, signed); err != nil {
		return p, err
	}
	agreed, err := c.agree(&p, s, r, text)
	if err != nil {
		return p, err
	}
	return p, c.readClaims(&p, s, r, agreed)
}

// decode returns the XML of an answer.
func decode(answer string) ([]byte, error) {
	answer = strings.Join(strings.Fields(answer), "")
	switch {
	case answer == "":
		return nil, errors.New("it is empty")
	case base64.StdEncoding.DecodedLen(len(answer)) > mostResponse+3:
		return nil, errors.New("it is larger than 256 KB")
	}
	text, err := base64.StdEncoding.DecodeString(answer)
	if err != nil {
		return nil, errors.New("it is not Base64")
	}
	return text, nil
}

// status returns what the provider says besides success, or "". Nobody has signed that, so it can only refuse.
func status(response *etree.Element) string {
	const success = "urn:oasis:names:tc:SAML:2.0:status:Success"
	all := child(response, nsProtocol, "Status")
	if all == nil {
		return "The answer is refused: it has no status."
	}
	code := child(all, nsProtocol, "StatusCode")
	if code == nil {
		return "The answer is refused: it has no status."
	}
	value := code.SelectAttrValue("Value", "")
	if value == success {
		return ""
	}
	for more := child(code, nsProtocol, "StatusCode"); more != nil; more = child(more, nsProtocol, "StatusCode") {
		value += " " + more.SelectAttrValue("Value", "")
	}
	if message := child(all, nsProtocol, "StatusMessage"); message != nil {
		value += " " + message.Text()
	}
	return "The provider did not let the person in: " + clean(strings.ReplaceAll(value, "urn:oasis:names:tc:SAML:2.0:status:", ""))
}

// verify returns what the signature of an assertion covers, as it was signed. It does not look at the certificate
// that came with it: only those of the metadata count.
func (c *Client) verify(assertion *etree.Element, certificates [][]byte) (*etree.Element, error) {
	if err := checkShape(assertion); err != nil {
		return nil, err
	}
	around, err := etreeutils.NSBuildParentContext(assertion)
	if err != nil {
		return nil, errors.New("the signature cannot be read")
	}
	alone, err := etreeutils.NSDetatch(around, assertion)
	if err != nil { // the library counts
		return nil, errors.New("the assertion has more than 1,000 elements: let the provider send only the groups and attributes that matter")
	}
	signature := child(alone, dsig.Namespace, "Signature")
	if info := child(signature, dsig.Namespace, "KeyInfo"); info != nil {
		signature.RemoveChild(info)
	}
	expired := false
	for _, der := range certificates {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
		context.IdAttribute, context.Clock = "ID", c.clock()
		if !valid(certificate, c.now()) {
			context.Clock = dsig.NewFakeClockAt(certificate.NotAfter)
		}
		signed, err := context.Validate(alone)
		if err != nil {
			continue
		}
		if valid(certificate, c.now()) && is(signed, nsAssertion, "Assertion") {
			return signed, nil
		}
		expired = true
	}
	if expired {
		return nil, errors.New("the assertion is signed with a certificate that has expired, or is not valid yet")
	}
	return nil, errors.New("the signature does not match any certificate of the provider's metadata")
}

// checkSigned checks what a signed assertion says, and what the response around it says as far as it says
// anything.
func (c *Client) checkSigned(p *identity.Proof, s identity.Connection, r identity.Challenge, response, signed *etree.Element) error {
	if issuer := textOf(child(signed, nsAssertion, "Issuer")); issuer != s.Metadata.EntityID {
		return p.Fail(identity.CheckIssuer, "The assertion is of another issuer: "+clean(issuer))
	}
	if outer := child(response, nsAssertion, "Issuer"); outer != nil && textOf(outer) != s.Metadata.EntityID {
		return p.Fail(identity.CheckIssuer, "The response is of another issuer: "+clean(textOf(outer)))
	}
	p.Pass(identity.CheckIssuer, "")
	conditions := child(signed, nsAssertion, "Conditions")
	if problem := checkAudience(conditions, s.ClientID); problem != "" {
		return p.Fail(identity.CheckAudience, problem)
	}
	p.Pass(identity.CheckAudience, "")
	data := confirmation(signed)
	if data == nil {
		return p.Fail(identity.CheckRecipient, "The assertion must have exactly one bearer confirmation with data.")
	}
	for _, to := range []string{data.SelectAttrValue("Recipient", ""), response.SelectAttrValue("Destination", s.Redirect)} {
		if to != s.Redirect {
			return p.Fail(identity.CheckRecipient, "The answer is for another address: "+clean(to))
		}
	}
	p.Pass(identity.CheckRecipient, "")
	until, problem := c.checkTimes(signed, conditions, data)
	if problem != "" {
		return p.Fail(identity.CheckTime, problem)
	}
	p.Pass(identity.CheckTime, "Valid until "+stamp(until))
	for _, to := range []string{data.SelectAttrValue("InResponseTo", ""), response.SelectAttrValue("InResponseTo", "")} {
		if to == "" || to != r.State {
			return p.Fail(identity.CheckNonce, "The answer is not to the request of this browser.")
		}
	}
	p.Pass(identity.CheckNonce, "")
	p.Once, p.Until = signed.SelectAttrValue("ID", ""), until.Add(2*skew)
	return nil
}

func textOf(e *etree.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}

// checkAudience returns what is wrong with the audience, or "". Each restriction must allow this server.
func checkAudience(conditions *etree.Element, own string) string {
	if conditions == nil {
		return "The assertion has no conditions."
	}
	restrictions := 0
	for _, restriction := range conditions.ChildElements() {
		if !is(restriction, nsAssertion, "AudienceRestriction") {
			continue
		}
		restrictions++
		var named []string
		for _, audience := range restriction.ChildElements() {
			named = append(named, textOf(audience))
		}
		if !slices.Contains(named, own) {
			return "The assertion is for another audience: " + clean(strings.Join(named, ", "))
		}
	}
	if restrictions == 0 {
		return "The assertion names no audience."
	}
	return ""
}

// confirmation returns the data of the only bearer confirmation; nil if there is none or several.
func confirmation(assertion *etree.Element) *etree.Element {
	subject := child(assertion, nsAssertion, "Subject")
	if subject == nil {
		return nil
	}
	confirmed := child(subject, nsAssertion, "SubjectConfirmation")
	if confirmed == nil || confirmed.SelectAttrValue("Method", "") != bearer {
		return nil
	}
	return child(confirmed, nsAssertion, "SubjectConfirmationData")
}

// checkTimes returns until when an assertion may be used, or what is wrong with its times.
func (c *Client) checkTimes(assertion, conditions, data *etree.Element) (time.Time, string) {
	now, until := c.now(), time.Time{}
	issued, ok := moment(assertion.SelectAttrValue("IssueInstant", ""))
	if !ok || issued.After(now.Add(skew)) {
		return until, "The assertion is of " + stamp(issued) + ", which is in the future. Compare the clocks."
	}
	for _, e := range []*etree.Element{conditions, data} {
		if from := e.SelectAttr("NotBefore"); from != nil {
			if at, ok := moment(from.Value); !ok || at.After(now.Add(skew)) {
				return until, "The assertion is not valid before " + stamp(at) + ". Compare the clocks."
			}
		}
		to := e.SelectAttr("NotOnOrAfter")
		if to == nil {
			continue
		}
		at, ok := moment(to.Value)
		if !ok || !now.Before(at.Add(skew)) {
			return until, "The assertion has expired at " + stamp(at) + "."
		}
		if until.IsZero() || at.Before(until) {
			until = at
		}
	}
	if data.SelectAttr("NotOnOrAfter") == nil {
		return until, "The assertion does not say when it expires."
	}
	return until, ""
}

func moment(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// agree lets the library check the same bytes, and returns its reading of the assertion.
func (c *Client) agree(p *identity.Proof, s identity.Connection, r identity.Challenge, text []byte) (*saml.Assertion, error) {
	sp, err := c.provider(s)
	if err != nil {
		return nil, err
	}
	assertion, err := sp.ParseXMLResponse(text, []string{r.State}, sp.AcsURL)
	if err == nil {
		return assertion, nil
	}
	why := err
	var wrapped *saml.InvalidResponseError
	if errors.As(err, &wrapped) && wrapped.PrivateErr != nil {
		why = wrapped.PrivateErr
	}
	for _, of := range []struct {
		kind  error
		check string
	}{
		{saml.ErrInvalidSignature, identity.CheckSignature}, {saml.ErrIssuerMismatch, identity.CheckIssuer},
		{saml.ErrAudienceMismatch, identity.CheckAudience}, {saml.ErrDestinationMismatch, identity.CheckRecipient},
		{saml.ErrExpired, identity.CheckTime}, {saml.ErrNotYetValid, identity.CheckTime}, {saml.ErrRequestIDMismatch, identity.CheckNonce},
	} {
		if errors.Is(err, of.kind) {
			return nil, p.Refuse(of.check, sentence(clean(why.Error())))
		}
	}
	return nil, p.Refuse(identity.CheckAnswer, sentence(clean(why.Error())))
}
