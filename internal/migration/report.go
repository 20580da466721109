package migration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
)

// Report describes what an import will do, or did if it is deployed.
type Report struct {
	Organization string              `json:"organization"`
	Source       legacy.Organization `json:"source"`
	File         string              `json:"file"`
	SHA256       string              `json:"sha256"`
	Strategy     Strategy            `json:"strategy"`
	Deployed     string              `json:"deployed,omitempty"` // when
	By           string              `json:"by,omitempty"`
	Totals       []Total             `json:"totals"`
	FileWarnings []legacy.Warning    `json:"fileWarnings"`
	MoreWarnings int                 `json:"moreWarnings"` // number of further warnings
	Entries      []Entry             `json:"entries"`
	Members      []Line              `json:"members"`
	Groups       []Line              `json:"groups"`
	Tokens       []Line              `json:"serviceTokens"`
	Policies     []access.Policy     `json:"policies"` // lines refer to them by index
}

// Total counts the items of a kind.
type Total struct {
	Kind    Kind `json:"kind"`
	New     int  `json:"new"`
	Joined  int  `json:"joined"`  // added to existing ones, as chosen
	Known   int  `json:"known"`   // imported before: unchanged
	LeftOut int  `json:"leftOut"` // as chosen
}

// Level is the kind of an entry.
type Level string

// The levels.
const (
	LevelConflict Level = "conflict" // and how it was resolved
	LevelLess     Level = "less"     // less access than before
	LevelWatch    Level = "watch"    // needs review
	LevelEdited   Level = "edited"   // an Admin changed the staged policy
)

// Entry is a remark about one item.
type Entry struct {
	Level    Level  `json:"level"`
	Kind     Kind   `json:"kind"`
	Ref      string `json:"id"` // in the old system
	Name     string `json:"name"`
	Detail   string `json:"detail,omitempty"`
	Text     string `json:"text"`
	Unsolved bool   `json:"unsolved,omitempty"` // an open conflict
}

// Line is a member, a group or a service token, before and after.
type Line struct {
	Ref    string      `json:"id"`
	Name   string      `json:"name"`
	Detail string      `json:"detail,omitempty"`
	Role   access.Role `json:"role,omitempty"`
	Joins  int         `json:"joins,omitempty"` // number of members that join a group
	In     []LinePlace `json:"in,omitempty"`
}

// LinePlace is the access of a line in one workspace. Policy is an index into Report.Policies.
type LinePlace struct {
	Workspace string `json:"workspace"` // id in the old system
	Before    string `json:"before"`
	Policy    int    `json:"policy"`
}

// Preview returns the report of the staged import. The error is NotFound if the staging area is
// empty.
func (s *Service) Preview(ctx context.Context, by actor.Standing) (Report, error) {
	if err := s.may(by); err != nil {
		return Report{}, err
	}
	m, err := s.store.Staging(ctx, by.Organization)
	if err != nil {
		return Report{}, err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return Report{}, err
	}
	return buildReport(ctx, s.store, m, org)
}

// reporter builds a report.
type reporter struct {
	report   Report
	policies map[string]int
}

func newReporter(m Migration, org account.Organization) *reporter {
	b := &reporter{policies: map[string]int{}, report: Report{Organization: org.Name, Source: m.Source, File: m.FileName, SHA256: m.Digest,
		Strategy: m.Strategy, FileWarnings: m.Summary.Warnings, MoreWarnings: m.Summary.More,
		Entries: []Entry{}, Members: []Line{}, Groups: []Line{}, Tokens: []Line{}, Policies: []access.Policy{}}}
	if b.report.FileWarnings == nil {
		b.report.FileWarnings = []legacy.Warning{}
	}
	for _, kind := range Kinds() {
		b.report.Totals = append(b.report.Totals, Total{Kind: kind})
	}
	return b
}

func buildReport(ctx context.Context, r itemReader, m Migration, org account.Organization) (Report, error) {
	b := newReporter(m, org)
	for _, kind := range Kinds() {
		err := each(ctx, r, m.ID, kind, func(i *Item) error {
			b.add(*i)
			return nil
		})
		if err != nil {
			return b.report, err
		}
	}
	return b.report, nil
}

func (t *Total) count(i Item) {
	switch {
	case i.Imported:
		t.Known++
	case i.LeftOut():
		t.LeftOut++
	case i.Conflict == SameEmail, i.Choice == Use, i.Open():
		t.Joined++
	default:
		t.New++
	}
}

func (b *reporter) add(i Item) {
	for n := range b.report.Totals {
		if b.report.Totals[n].Kind == i.Kind {
			b.report.Totals[n].count(i)
		}
	}
	tell := func(level Level, text string, unsolved bool) {
		b.report.Entries = append(b.report.Entries, Entry{level, i.Kind, i.Ref, i.Name, i.Detail, text, unsolved})
	}
	if i.Conflict != "" {
		tell(LevelConflict, i.Conflict.Text()+" "+i.Conflict.Outcome(i.Choice), i.Open())
	}
	if i.Imported {
		return
	}
	for _, n := range i.After.Notes {
		if !i.Stays() && !i.LeftOut() || n.Effect == legacy.Less {
			tell(Level(n.Effect), n.Text, false)
		}
	}
	if i.LeftOut() || i.Stays() {
		return
	}
	for _, p := range i.After.Policies {
		if p.Edited {
			tell(LevelEdited, "The policy in "+p.Workspace+" was edited before it was deployed.", false)
			continue
		}
		for _, n := range p.Notes {
			tell(Level(n.Effect), n.Text, false)
		}
	}
	line := Line{Ref: i.Ref, Name: i.Name, Detail: i.Detail, Role: i.After.Role, Joins: i.After.Joins}
	for _, p := range i.After.Policies {
		line.In = append(line.In, LinePlace{p.Workspace, p.Before, b.policy(p.Body)})
	}
	switch i.Kind {
	case Members:
		b.report.Members = append(b.report.Members, line)
	case Groups:
		b.report.Groups = append(b.report.Groups, line)
	case ServiceTokens:
		b.report.Tokens = append(b.report.Tokens, line)
	case Workspaces, Resources, PersonalTokens:
	}
}

// policy returns the index of a policy in the report. Equal policies share one.
func (b *reporter) policy(p access.Policy) int {
	key := p.String()
	n, ok := b.policies[key]
	if !ok {
		n = len(b.report.Policies)
		b.policies[key] = n
		b.report.Policies = append(b.report.Policies, p)
	}
	return n
}

// Text describes the conflict in a sentence.
func (c Conflict) Text() string {
	switch c {
	case SameName:
		return "A workspace of this name exists."
	case SameEmail:
		return "A member with this address exists."
	case SameGroup:
		return "A group of this name exists."
	case ManagedGroup:
		return "A group of this name exists, and the identity provider manages its members."
	case Removed:
		return "The member was imported before and has been removed since."
	case SameDigest:
		return "A token with this secret exists or was revoked."
	}
	return ""
}

// Outcome describes the effect of a choice on this conflict in a sentence.
func (c Conflict) Outcome(choice Choice) string {
	if c == SameGroup && choice == Use {
		return "Its members join that group and get what it grants."
	}
	return choice.Text()
}

// Text describes the choice in a sentence.
func (c Choice) Text() string {
	switch c {
	case Use:
		return "Its contents are imported into the existing one."
	case AsNew:
		return "It is created as a new one."
	case Keep:
		return "Role and policies stay; tokens are imported."
	case Add:
		return "The imported access is added."
	case Replace:
		return "The role, and the policies in imported workspaces, are replaced."
	case LeaveOut:
		return "It is not imported."
	}
	return "Not resolved yet."
}

// Unsolved returns the number of open conflicts.
func (r Report) Unsolved() int {
	n := 0
	for _, e := range r.Entries {
		if e.Unsolved {
			n++
		}
	}
	return n
}

// Clean reports whether there are no entries and no warnings.
func (r Report) Clean() bool { return len(r.Entries) == 0 && len(r.FileWarnings) == 0 }

// Changes returns the number of items that are added or joined.
func (r Report) Changes() int {
	n := 0
	for _, t := range r.Totals {
		n += t.New + t.Joined
	}
	return n
}

// state returns the data about a deployment for the audit log.
func (r Report) state(m Migration) string {
	sum := sha256.Sum256([]byte(m.Report))
	text, err := json.Marshal(struct {
		Migration string   `json:"migration"`
		Strategy  Strategy `json:"strategy"`
		File      string   `json:"fileSha256"`
		Report    string   `json:"reportSha256"`
		Totals    []Total  `json:"totals"`
	}{m.ID, m.Strategy, m.Digest, hex.EncodeToString(sum[:]), r.Totals})
	if err != nil { // never happens: strings and numbers always marshal
		return "{}"
	}
	return string(text)
}

// Label returns the name of the kind for people, in the plural.
func (k Kind) Label() string {
	switch k {
	case Workspaces:
		return "Workspaces"
	case Resources:
		return "Resources"
	case Members:
		return "Members"
	case Groups:
		return "Groups"
	case PersonalTokens:
		return "Personal access tokens"
	case ServiceTokens:
		return "Service access tokens"
	}
	return string(k)
}

// WriteText writes the report as text for people.
func (r Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("Import of %s into %s", r.Source.Name, r.Organization)
	p.line("File: %s (SHA-256 %s)", r.File, r.SHA256)
	p.line("Strategy: %s", r.Strategy.Label())
	if r.Deployed != "" {
		p.line("Deployed: %s by %s", r.Deployed, r.By)
	} else {
		p.line("Not deployed: none of this is live.")
	}
	p.line("")
	p.line("%-24s %8s %8s %8s %8s", "", "new", "joined", "known", "left out")
	for _, t := range r.Totals {
		p.line("%-24s %8d %8d %8d %8d", t.Kind.Label(), t.New, t.Joined, t.Known, t.LeftOut)
	}
	if len(r.FileWarnings) > 0 {
		p.line("")
		p.line("Warnings about the file:")
		for _, f := range r.FileWarnings {
			p.line("  %s: %s", f.Path, f.Message)
		}
		if r.MoreWarnings > 0 {
			p.line("  and %d more", r.MoreWarnings)
		}
	}
	for _, level := range []Level{LevelConflict, LevelLess, LevelWatch, LevelEdited} {
		p.entries(level, r.Entries)
	}
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		// Names and paths come from the file.
		_, p.err = fmt.Fprintln(p.w, plaintext.Visible(fmt.Sprintf(format, args...)))
	}
}

func (p *printer) entries(level Level, entries []Entry) {
	first := true
	for _, e := range entries {
		if e.Level != level {
			continue
		}
		if first {
			p.line("")
			p.line("%s:", level.Label())
			first = false
		}
		name := e.Name
		if e.Detail != "" {
			name += " (" + e.Detail + ")"
		}
		p.line("  %s %s: %s", e.Ref, name, e.Text)
	}
}

// Label returns the heading for the entries of a level.
func (l Level) Label() string {
	switch l {
	case LevelConflict:
		return "Conflicts"
	case LevelLess:
		return "Reduced access"
	case LevelWatch:
		return "Review"
	case LevelEdited:
		return "Edited before deploying"
	}
	return string(l)
}
