package audit

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// TimeFormat is how the log writes times: UTC with milliseconds and Z.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// FormatTime writes t as the log does.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// canonical is the form that is hashed. Fields are written in this order; adding one
// changes every later hash, so new facts go into a new version of the chain.
type canonical struct {
	Seq          int64  `json:"seq"`
	ID           string `json:"id"`
	Time         string `json:"time"`
	Organization string `json:"organization"`
	Workspace    string `json:"workspace"`
	ActorType    string `json:"actorType"`
	ActorID      string `json:"actorId"`
	ActorName    string `json:"actorName"`
	ActorEmail   string `json:"actorEmail"`
	TokenID      string `json:"tokenId"`
	Action       string `json:"action"`
	TargetType   string `json:"targetType"`
	TargetID     string `json:"targetId"`
	TargetName   string `json:"targetName"`
	IP           string `json:"ip"`
	UserAgent    string `json:"userAgent"`
	RequestID    string `json:"requestId"`
	Before       string `json:"before"`
	After        string `json:"after"`
}

// Sum computes the hash that chains e to its predecessor: SHA-256 over PrevHash and the
// canonical form. It does not set e.Hash.
func (e Event) Sum() []byte {
	body, err := json.Marshal(canonical{
		Seq: e.Seq, ID: e.ID, Time: FormatTime(e.Time),
		Organization: e.Organization, Workspace: e.Workspace,
		ActorType: string(e.ActorType), ActorID: e.ActorID, ActorName: e.ActorName, ActorEmail: e.ActorEmail,
		TokenID: e.TokenID, Action: string(e.Action),
		TargetType: string(e.Target.Type), TargetID: e.Target.ID, TargetName: e.Target.Name,
		IP: e.Origin.IP, UserAgent: e.Origin.UserAgent, RequestID: e.Origin.RequestID,
		Before: e.Before, After: e.After,
	})
	if err != nil {
		// A struct of strings and one integer always marshals.
		panic("audit: canonical form: " + err.Error())
	}
	h := sha256.New()
	h.Write(e.PrevHash)
	h.Write(body)
	return h.Sum(nil)
}

// Genesis is the PrevHash of the first event: 32 zero bytes.
func Genesis() []byte { return make([]byte, sha256.Size) }
