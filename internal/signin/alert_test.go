package signin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
)

// alerts lets the workers do everything that waits, and returns the first lines of the mails since the last call.
func (f *fixture) alerts(t *testing.T, box *postbox) []string {
	t.Helper()
	f.work(t)
	box.mu.Lock()
	defer box.mu.Unlock()
	var lines []string
	for _, mail := range box.mails {
		to, text, _ := strings.Cut(mail, "\n")
		first, _, _ := strings.Cut(text, "\n")
		lines = append(lines, to+": "+first)
		for _, banned := range []string{"http", "secret", password, fresh} {
			if strings.Contains(text, banned) {
				t.Errorf("a mail has %q:\n%s", banned, text)
			}
		}
	}
	box.mails = nil
	slices.Sort(lines)
	return lines
}

func (f *fixture) with(t *testing.T, email string, from signin.Browser) signin.Started {
	t.Helper()
	started, err := f.SignIn(t.Context(), email, password, from, actor.Origin{IP: home})
	if err != nil {
		t.Fatal(err)
	}
	return started
}

const newBrowser = ": Somebody signed in to your account with a browser that you have not used before."

func TestAlert_ANewBrowserIsOneWithoutSessionAndMarkerOfTheMember(t *testing.T) {
	f, box := newMailing(t)
	first := f.with(t, ada, signin.Browser{})
	if got := f.alerts(t, box); len(got) != 0 || first.Marker == "" {
		t.Fatalf("the very first sign-in: %q, marker %q", got, first.Marker)
	}
	f.with(t, bo, signin.Browser{})
	for _, c := range []struct {
		name  string
		email string
		from  signin.Browser
		news  bool
	}{
		{"same browser", ada, signin.Browser{Marker: first.Marker}, false},
		{"no cookies", ada, signin.Browser{}, true},
		{"malformed marker", ada, signin.Browser{Marker: "x"}, true},
		{"another member's browser", bo, signin.Browser{Marker: first.Marker}, true},
		{"and again", bo, signin.Browser{Marker: first.Marker}, false},
		{"whose first member is still known", ada, signin.Browser{Marker: first.Marker}, false},
	} {
		started := f.with(t, c.email, c.from)
		if got := f.alerts(t, box); (len(got) == 1 && got[0] == c.email+newBrowser) != c.news || len(got) > 1 {
			t.Errorf("%s: %q", c.name, got)
		}
		if stays := c.from.Marker == first.Marker; (started.Marker == "") != stays {
			t.Errorf("%s: the browser gets %q", c.name, started.Marker)
		}
	}
	live := f.with(t, ada, signin.Browser{Marker: first.Marker})
	f.with(t, ada, signin.Browser{Session: live.Secret}) // before markers, or whose marker was deleted
	if got := f.alerts(t, box); len(got) != 0 {
		t.Errorf("a browser with a session: %q", got)
	}
	f.clock.Advance(signin.BrowserLife + time.Second)
	f.with(t, ada, signin.Browser{Marker: first.Marker})
	if got := f.alerts(t, box); len(got) != 1 {
		t.Errorf("a browser of long ago: %q", got)
	}
}

func TestAlert_TellsOfPasswordsAndLinksUnlessMuted(t *testing.T) {
	for _, muted := range []bool{false, true} {
		t.Run(fmt.Sprint("muted ", muted), func(t *testing.T) { passwordAlerts(t, muted) })
	}
}

func passwordAlerts(t *testing.T, muted bool) {
	f, box := newMailing(t)
	if muted {
		if err := f.Mute(t.Context(), f.caller(t, ada).Caller(), signin.Alerts()); err != nil {
			t.Fatal(err)
		}
	}
	current := f.mustSignIn(t, bo, "")
	if _, err := f.ChangePassword(t.Context(), f.in(t, current), wrong, fresh); err == nil {
		t.Fatal("a wrong password was taken")
	}
	if got := f.alerts(t, box); len(got) != 0 {
		t.Fatalf("nothing has happened: %q", got)
	}
	if _, err := f.ChangePassword(t.Context(), f.in(t, current), password, "another good password"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.recover(t, f.recovery(t, bo)); err != nil {
		t.Fatal(err)
	}
	want := []string{bo + ": Somebody used a reset link to set a new password for your account. All earlier sessions were ended.",
		bo + ": The password of your account was changed. All other sessions were ended."}
	if muted {
		want = nil
	}
	if got := f.alerts(t, box); !slices.Equal(got, want) {
		t.Errorf("muted %v: %q", muted, got)
	}
}

func TestMute_IsForAdminsAndRecorded(t *testing.T) {
	f := newFixture(t)
	err := f.Mute(t.Context(), f.caller(t, bo).Caller(), []signin.Alert{signin.AlertBrowser})
	wantKind(t, err, fault.Denied)
	wantKind(t, f.Mute(t.Context(), f.caller(t, ada).Caller(), []signin.Alert{"weather"}), fault.Invalid)
	for range 2 { // the second changes nothing
		if err := f.Mute(t.Context(), f.caller(t, ada).Caller(), []signin.Alert{signin.AlertBrowser}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Settings(t.Context(), f.caller(t, ada))
	if err != nil || !slices.Equal(got.Muted, []signin.Alert{signin.AlertBrowser}) {
		t.Errorf("%v, %v", got, err)
	}
	_, err = f.Settings(t.Context(), f.caller(t, bo))
	wantKind(t, err, fault.Denied)
	events := f.events(t)
	if len(events) != 1 || events[0].Action != audit.Updated || events[0].Target.Type != audit.TargetOrganization ||
		!strings.Contains(events[0].After, "recovered") || strings.Contains(events[0].After, "new_browser") {
		t.Errorf("%+v", events)
	}
}

func TestDeviceName_HoldsNoAddress(t *testing.T) {
	for agent, want := range map[string]string{
		"": "Unknown browser",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
		"https://evil.example/now/1.0 (http://evil.example)":                     "https",
	} {
		if got := signin.DeviceName(agent); strings.ContainsAny(got, "./:\n") || want != "https" && got != want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}
