package access

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// MarshalJSON returns the canonical form: {"source:edit":{"all":true,"ids":[]}}, sorted,
// without permissions that cover nothing. Equal policies have equal bytes.
func (p Policy) MarshalJSON() ([]byte, error) {
	given := make(map[Permission]Reach, len(p))
	for perm, reach := range p {
		if !reach.Empty() {
			given[perm] = reach
		}
	}
	return json.Marshal(given) // sorts the keys
}

// String returns the canonical JSON.
func (p Policy) String() string {
	text, err := p.MarshalJSON()
	if err != nil { // never happens: strings and booleans always marshal
		return "{}"
	}
	return string(text)
}

// ParsePolicy parses the format of [Policy.String]. It is strict: unknown, repeated or missing
// members, malformed permissions, empty ids and anything after the object are fault.Invalid.
// It does not check the permissions against a catalogue: see [Catalogue.Check].
func ParsePolicy(text string) (Policy, error) {
	p := Policy{}
	if err := p.UnmarshalJSON([]byte(text)); err != nil {
		return nil, err
	}
	return p, nil
}

// UnmarshalJSON parses the format of [Policy.MarshalJSON], as strictly as [ParsePolicy]. If it
// returns an error, p is unchanged.
func (p *Policy) UnmarshalJSON(data []byte) error {
	var problems fault.Problems
	read := Policy{}
	err := eachMember(data, func(key string, value json.RawMessage) {
		perm := Permission(key)
		if !perm.WellFormed() {
			problems.Add(key, "Write a permission as type:action, in lower case.")
			return
		}
		var reach Reach
		if err := reach.UnmarshalJSON(value); err != nil {
			problems.Add(key, fault.Of(err).Message)
			return
		}
		if !reach.Empty() {
			read[perm] = reach
		}
	})
	if err != nil {
		return err
	}
	if err := problems.Err("The policy is not valid."); err != nil {
		return err
	}
	*p = read
	return nil
}

// UnmarshalJSON parses {"all":…,"ids":[…]}. Both members are required; ids can be in any
// order. Mistakes are fault.Invalid and leave r unchanged.
func (r *Reach) UnmarshalJSON(data []byte) error {
	var all *bool
	var ids []*string
	var haveIDs, wrong bool
	err := eachMember(data, func(key string, value json.RawMessage) {
		switch key {
		case "all":
			wrong = wrong || json.Unmarshal(value, &all) != nil
		case "ids":
			wrong = wrong || json.Unmarshal(value, &ids) != nil
			haveIDs = ids != nil
		default:
			wrong = true
		}
	})
	if err != nil || wrong || all == nil || !haveIDs {
		return fault.NewInvalid(`Write a reach as {"all": true or false, "ids": [list of ids]}.`)
	}
	set := make([]string, len(ids))
	for i, id := range ids {
		if id == nil || *id == "" {
			return fault.NewInvalid("An id must be a string that is not empty.")
		}
		set[i] = *id
	}
	*r = Reach{All: *all, IDs: idSet(set)}
	return nil
}

// eachMember calls do for every member of the single JSON object in data. Anything else is
// fault.Invalid. The standard decoder takes the last of repeated members and ignores case, but
// a policy that two readers could understand differently must not pass.
func eachMember(data []byte, do func(key string, value json.RawMessage)) error {
	notObject := fault.NewInvalid("This must be one well-formed JSON object.")
	if !utf8.Valid(data) || !json.Valid(data) {
		return notObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return notObject
	}
	seen := map[string]bool{}
	for d.More() {
		token, _ := d.Token()
		key, isText := token.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil || !isText {
			return notObject
		}
		if seen[key] {
			return fault.NewInvalid("A member of the JSON object is repeated.")
		}
		seen[key] = true
		do(key, value)
	}
	return nil
}
