package saml

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Namespaces of what is read.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// Bounds of the structure of a document.
const (
	maxDepth    = 64
	maxElements = 20_000
)

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// read parses a document. It refuses what no provider needs and attacks use: a document type, entities,
// processing instructions, and structures without bounds.
func read(text []byte) (*etree.Element, error) {
	tokens := xml.NewDecoder(bytes.NewReader(text))
	for depth, elements := 0, 0; ; {
		token, err := tokens.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("it is not well-formed XML")
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("it has a document type, which is refused")
		case xml.ProcInst:
			if token.Target != "xml" {
				return nil, errors.New("it has a processing instruction, which is refused")
			}
		case xml.StartElement:
			depth++
			if elements++; depth > maxDepth || elements > maxElements {
				return nil, errors.New("it has too many elements")
			}
		case xml.EndElement:
			depth--
		}
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(text); err != nil || document.Root() == nil {
		return nil, errors.New("it is not well-formed XML")
	}
	return document.Root(), nil
}

// is reports whether an element has a name.
func is(e *etree.Element, space, tag string) bool { return e.Tag == tag && e.NamespaceURI() == space }

// child returns the only child with a name; nil if there is none or several.
func child(e *etree.Element, space, tag string) *etree.Element {
	var found *etree.Element
	for _, c := range e.ChildElements() {
		if is(c, space, tag) {
			if found != nil {
				return nil
			}
			found = c
		}
	}
	return found
}

// every calls fn with an element and all below it.
func every(e *etree.Element, fn func(*etree.Element)) {
	fn(e)
	for _, c := range e.ChildElements() {
		every(c, fn)
	}
}

// assertionOf returns the assertion of an answer. The answer must have one shape: a Response with one Assertion in it,
// and signatures only as children of the two. Anything else, wherever it is, is refused: attacks by wrapping
// need a second element with a name or an ID.
func assertionOf(response *etree.Element) (*etree.Element, error) {
	if !is(response, nsProtocol, "Response") {
		return nil, errors.New("it is not a SAML response")
	}
	var assertions, encrypted, signatures int
	ids, problem := map[string]bool{}, error(nil)
	every(response, func(e *etree.Element) {
		switch e.Tag {
		case "Assertion":
			assertions++
		case "EncryptedAssertion", "EncryptedID", "EncryptedAttribute", "EncryptedData":
			encrypted++
		case "Signature":
			if signatures++; e.Parent() != response && (e.Parent().Tag != "Assertion" || e.Parent().Parent() != response) {
				problem = errors.New("it has a signature where none belongs")
			}
		case "Object", "Response":
			if e != response {
				problem = errors.New("it has an element " + e.Tag + " where none belongs")
			}
		}
		for _, a := range e.Attr {
			if !strings.EqualFold(a.Key, "id") || a.Space == "xmlns" {
				continue
			}
			if ids[a.Value] {
				problem = errors.New("an ID occurs twice in it")
			}
			ids[a.Value] = true
		}
		for _, c := range e.Child {
			if _, comment := c.(*etree.Comment); comment {
				problem = errors.New("it has a comment, which is refused")
			}
		}
	})
	assertion := child(response, nsAssertion, "Assertion")
	switch {
	case problem != nil:
		return nil, problem
	case encrypted > 0:
		return nil, errors.New("it is encrypted: switch off the encryption of assertions at the provider")
	case assertions != 1 || assertion == nil:
		return nil, errors.New("it must have exactly one assertion")
	case signatures > 2:
		return nil, errors.New("it has too many signatures")
	}
	return assertion, nil
}

// checkShape returns what is wrong with the signature of an assertion: it must cover all of it, with algorithms that
// are accepted.
func checkShape(assertion *etree.Element) error {
	signature := child(assertion, dsig.Namespace, "Signature")
	if signature == nil {
		return errors.New("the assertion is not signed: let the provider sign assertions, and not only the response")
	}
	info := child(signature, dsig.Namespace, "SignedInfo")
	if info == nil {
		return errors.New("the signature has no SignedInfo")
	}
	reference := child(info, dsig.Namespace, "Reference")
	id := assertion.SelectAttrValue("ID", "")
	if reference == nil || id == "" || reference.SelectAttrValue("URI", "") != "#"+id {
		return errors.New("the signature does not cover the assertion")
	}
	if !accepted(info, "SignatureMethod", signatureMethods()) {
		return errors.New("the signature is made with an algorithm that is not accepted: let the provider sign with SHA-256")
	}
	if !accepted(reference, "DigestMethod", digestMethods()) {
		return errors.New("the signature has a digest that is not accepted: let the provider use SHA-256")
	}
	transforms := child(reference, dsig.Namespace, "Transforms")
	if transforms == nil {
		return errors.New("the signature does not say how it was made")
	}
	for _, t := range append(transforms.ChildElements(), info.SelectElement("CanonicalizationMethod")) {
		if t == nil {
			return errors.New("the signature does not say how it was made")
		}
		switch dsig.AlgorithmID(t.SelectAttrValue("Algorithm", "")) {
		case dsig.EnvelopedSignatureAltorithmId, dsig.CanonicalXML10ExclusiveAlgorithmId:
		default:
			return errors.New("the signature is made with a transformation that is not accepted")
		}
	}
	return nil
}

// accepted reports whether the only child with a name has one of the algorithms.
func accepted(e *etree.Element, tag string, algorithms []string) bool {
	method := child(e, dsig.Namespace, tag)
	if method == nil {
		return false
	}
	for _, a := range algorithms {
		if method.SelectAttrValue("Algorithm", "") == a {
			return true
		}
	}
	return false
}

// signatureMethods returns the signatures that are accepted: none with SHA-1.
func signatureMethods() []string {
	return []string{dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod}
}

// digestMethods returns the digests that are accepted: not SHA-1.
func digestMethods() []string {
	return []string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
		"http://www.w3.org/2001/04/xmlenc#sha512"}
}
