package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// headFormat begins every text that is signed, so that a signature cannot be used for another purpose.
const headFormat = "latchkey-audit-head/1"

// SignedHead says with a signature that the log led to an event with a hash. As each event
// carries the hash of the one before, it covers all events up to there.
type SignedHead struct {
	Anchor
	Time      time.Time         // when it was signed, by the clock of the signer
	Key       string            // id of the key that signed it
	Next      ed25519.PublicKey // what replaces that key from here on; nil if nothing does
	Signature []byte
}

// headText is what is signed, as JSON in this order of fields. In the database and in files the
// signature comes with it.
type headText struct {
	Format string `json:"format"`
	Seq    int64  `json:"seq"`
	Hash   string `json:"hash"`
	Time   string `json:"time"`
	Key    string `json:"key"`
	Next   string `json:"next,omitempty"`
}

type headLine struct {
	headText
	Signature string `json:"signature"`
}

func (h SignedHead) content() headText {
	return headText{headFormat, h.Seq, hex.EncodeToString(h.Hash), FormatTime(h.Time), h.Key, base64.StdEncoding.EncodeToString(h.Next)}
}

// text returns the bytes that are signed.
func (h SignedHead) text() []byte {
	text, err := json.Marshal(h.content())
	if err != nil {
		// A struct of strings and an integer can always be marshaled.
		panic("audit: text of a head: " + err.Error())
	}
	return text
}

// MarshalJSON returns h as an object of one line: the text that is signed, with "signature" as
// its last member.
func (h SignedHead) MarshalJSON() ([]byte, error) {
	return json.Marshal(headLine{h.content(), base64.StdEncoding.EncodeToString(h.Signature)})
}

// UnmarshalJSON parses what MarshalJSON returns. It does not check the signature.
func (h *SignedHead) UnmarshalJSON(text []byte) error {
	var l headLine
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	hash, err := hex.DecodeString(l.Hash)
	at, timeErr := time.Parse(TimeFormat, l.Time)
	next, nextErr := base64.StdEncoding.DecodeString(l.Next)
	signature, signatureErr := base64.StdEncoding.DecodeString(l.Signature)
	err = errors.Join(err, timeErr, nextErr, signatureErr)
	if err != nil || l.Format != headFormat || len(hash) != len(Genesis()) || l.Seq < 1 || len(next) != 0 && len(next) != ed25519.PublicKeySize {
		return errors.New("this is not a signed head of an audit log")
	}
	*h = SignedHead{Anchor: Anchor{l.Seq, hash}, Time: at, Key: l.Key, Signature: signature}
	if len(next) > 0 {
		h.Next = next
	}
	return nil
}

// signedBy reports whether key signed h.
func (h SignedHead) signedBy(key ed25519.PublicKey) bool {
	return h.Key == KeyID(key) && ed25519.Verify(key, h.text(), h.Signature)
}

// ReadHeads parses signed heads, one per line, as --audit-head-to appends them. It skips lines that
// cannot be read, such as one that a power failure cut off, and returns how many there were.
func ReadHeads(text []byte) (heads []SignedHead, unreadable int) {
	for line := range bytes.Lines(text) {
		var h SignedHead
		switch line = bytes.TrimSpace(line); {
		case len(line) == 0:
		case json.Unmarshal(line, &h) != nil:
			unreadable++
		default:
			heads = append(heads, h)
		}
	}
	return heads, unreadable
}
