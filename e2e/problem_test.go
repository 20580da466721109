package e2e

import (
	"net/http"
	"testing"
)

// TestProblem_LeadsOn meets pages that are not there and not theirs, and goes on from them.
func TestProblem_LeadsOn(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for name, options := range map[string][]pageOption{"tablet": {tablet}, "phone": {mobile, dark}, "plain": {noScript}} {
		p := admin(t, s, options...)
		if status := p.open(usersPage + "/nobody"); status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, status)
		}
		p.sees("heading", "That member was not found")
		axe(t, p)
		fits(t, p)
		screenshot(t, p, "problem-"+name)
		p.click("link", "Back to Users")
		p.reaches(usersPage)
	}
	p := newPage(t, s, dark)
	signIn(t, p, viewerEmail, demoPassword)
	if status := p.open(usersPage); status != http.StatusForbidden {
		t.Errorf("a member on an Admin's page: %d", status)
	}
	p.sees("heading", "Only Admins can open this page")
	axe(t, p)
	p.click("link", "Go to Home")
	p.reaches("/")
}
