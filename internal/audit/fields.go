package audit

import "encoding/json"

// Fields is what the log keeps of a thing before or after a change. It holds texts, numbers,
// booleans and lists of them, and no secret.
type Fields map[string]any

// String returns the fields as JSON.
func (f Fields) String() string {
	text, err := json.Marshal(f)
	if err != nil { // what fields may hold always marshals
		return "{}"
	}
	return string(text)
}
