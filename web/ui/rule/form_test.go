package rule

import (
	"strings"
	"testing"

	"latchkey/internal/token"
	"latchkey/web/ui/kit"
)

func TestForm_IsReadAsItWasFilledIn(t *testing.T) {
	for _, r := range []token.Rules{{}, {Makers: token.Nobody, MostPersonal: 3, NoSelfRotation: true},
		{Personal: token.Lifetime{Longest: 30, Default: 7, MustExpire: true},
			Service: token.Lifetime{MustExpire: true, Default: 90}, ReadOnly: true,
			NeedAddresses: true, UnusedDays: 60, SuspendReused: true}} {
		f := formOf(token.Ruling{Rules: r, Revision: 7}, nil)
		in, wrong, err := (&Handlers{}).change(nil, kit.Visit{}, f)
		if err != nil || len(wrong) > 0 || !in.Rules.Equal(r) || in.Revision != 7 {
			t.Errorf("%s became %s: %v, %v", r, in.Rules, wrong, err)
		}
		for _, field := range []string{fieldRevision, fieldMakers, token.FieldServiceLongest} {
			part := formOf(token.Ruling{Rules: r}, nil)
			part.Del(field)
			if _, _, err := (&Handlers{}).change(nil, kit.Visit{}, part); err == nil {
				t.Errorf("a form without %s lifts rules", field)
			}
		}
	}
}

func TestForm_SaysWhatIsNoNumber(t *testing.T) {
	for _, text := range []string{"-1", "0", "1.5", "1e3", "ten", "99999999999999999999", "３"} {
		f := formOf(token.Ruling{}, nil)
		f.Set(token.FieldMostPersonal, text)
		if _, wrong, err := (&Handlers{}).change(nil, kit.Visit{}, f); err != nil || wrong[token.FieldMostPersonal] == "" {
			t.Errorf("%q: %v, %v", text, wrong, err)
		}
	}
}

func TestAskDialog_CarriesTheWholeForm(t *testing.T) {
	f := formOf(token.Ruling{Rules: token.Rules{Makers: token.InGroups, Groups: []string{"g"}}, Revision: 2}, map[string]string{"g": "Makers"})
	m := askDialog(f, token.Rules{}, 12, nil)
	sent := map[string]string{}
	for _, h := range m.Hidden {
		sent[h.Name] += h.Value
	}
	if sent[fieldRevision] != "2" || sent[fieldTold] != "12" || sent[fieldMakers] != "groups" || sent[token.FieldRuleGroups] != "Makers" ||
		sent[fieldPersonal] != forever || !strings.HasPrefix(m.Dialog.Title, "12 tokens") || len(m.Notice.Links) != 2 {
		t.Errorf("%v %+v", sent, m.Dialog)
	}
	for _, text := range []string{savedText(token.Leave, token.Ruled{}), savedText(token.Suspend, token.Ruled{Changed: 1}),
		savedText(token.Shorten, token.Ruled{Changed: 1000, More: true})} {
		if !strings.HasPrefix(text, "The token rules were saved.") {
			t.Error(text)
		}
	}
}
