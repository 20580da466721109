package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// axeRun runs WCAG 2.2 AA and the rules of good practice (landmarks, one h1,
// order of headings). Target size is off in axe unless asked for.
const axeRun = `async () => {
	const result = await axe.run(document, {
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
		rules: {"target-size": {enabled: true}},
		resultTypes: ["violations"],
		preload: false,
	});
	return JSON.stringify(result.violations);
}`

// instantTimers replaces the timers that never fire in a page whose script is
// switched off: axe-core defers work by short ones and gives up by long ones.
const instantTimers = `window.setTimeout = (run, delay, ...args) => {
	if (!(delay > 100)) Promise.resolve().then(() => run(...args));
	return 0;
};`

// violation is one broken rule of axe-core's report.
type violation struct {
	ID      string `json:"id"`
	Impact  string `json:"impact"`
	Help    string `json:"help"`
	HelpURL string `json:"helpUrl"`
	Nodes   []struct {
		HTML           string `json:"html"`
		Target         []any  `json:"target"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axe fails the test for each accessibility rule that the page breaks as it
// stands now, in its theme and width.
func axe(t *testing.T, p *page) {
	t.Helper()
	broken, err := audit(p)
	if err != nil {
		t.Fatalf("axe on %s: %v", p.path(), err)
	}
	for _, v := range broken {
		t.Errorf("axe on %s: %s", p.path(), v)
	}
}

// stick sets the position of what sticks to the top or the end of the window.
const stick = `(position) => {
	for (const part of document.querySelectorAll(".topbar, .form > .actions, .policy-editor .policy-side")) part.style.position = position;
}`

// audit is axe without the test.
func audit(p *page) ([]violation, error) {
	source := shared.axe + "; 0"
	if p.noScript {
		source = instantTimers + source
	}
	if _, err := p.Evaluate(source); err != nil {
		return nil, fmt.Errorf("load axe-core: %w", err)
	}
	// What sticks to an edge of the window covers a part of some control wherever one scrolls to, and axe
	// takes that for a small control.
	if _, err := p.Evaluate(stick, "static"); err != nil {
		return nil, err
	}
	report, err := p.Evaluate(axeRun)
	if err != nil {
		return nil, err
	}
	if _, err := p.Evaluate(stick, ""); err != nil {
		return nil, err
	}
	text, ok := report.(string)
	if !ok {
		return nil, fmt.Errorf("axe-core reported %T", report)
	}
	var broken []violation
	err = json.Unmarshal([]byte(text), &broken)
	return broken, err
}

// String is the rule and where it is broken, for people.
func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n  %s", v.ID, v.Impact, v.Help, v.HelpURL)
	for _, n := range v.Nodes {
		summary := strings.ReplaceAll(n.FailureSummary, "\n", "\n      ")
		fmt.Fprintf(&b, "\n  at %v\n      %s\n      %s", n.Target, tail(n.HTML, 300), summary)
	}
	return b.String()
}
