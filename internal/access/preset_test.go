package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPresets_GrantFromNothingToEverything(t *testing.T) {
	c, err := BuiltIn().Extend(ResourceType{Type: "rocket", Label: "Rockets", Singular: "Rocket",
		Entries: []Entry{{Permission: "rocket:edit", Label: "Edit"}}})
	if err != nil {
		t.Fatal(err)
	}
	presets := c.Presets()
	for i, name := range []string{"View only", "Editor", "Full access"} {
		if presets[i].Name != name || !c.IsPresetName(name) {
			t.Errorf("preset %d is %q", i, presets[i].Name)
		}
		if problems := c.Check(presets[i].Grant); problems != nil {
			t.Errorf("%s: %v", name, problems)
		}
	}
	if len(presets[0].Grant) != 0 || len(presets[2].Grant) != len(c.Permissions()) {
		t.Errorf("View only grants %d, Full access %d", len(presets[0].Grant), len(presets[2].Grant))
	}
	for perm, want := range map[Permission]bool{"source:edit": true, "source:connect": true, "transformation_library:edit": true,
		"source:create_delete": false, "source:live_events": false, "rocket:edit": false} {
		if got := presets[1].Grant.Allows(perm, ""); got != want {
			t.Errorf("Editor grants %s: %t", perm, got)
		}
	}
	if c.IsPresetName("Release managers") || !c.IsPresetName("full ACCESS") {
		t.Error("names are not compared")
	}
}

func TestMerge_KeepsBothChanges(t *testing.T) {
	all := Everywhere()
	tests := []struct {
		name                     string
		base, mine, theirs, want Policy
	}{
		{"nobody changed anything", Policy{"a:b": all}, Policy{"a:b": all}, Policy{"a:b": all}, Policy{"a:b": all}},
		{"both added something else", nil, Policy{"a:b": all}, Policy{"a:c": all}, Policy{"a:b": all, "a:c": all}},
		{"both added the same", nil, Policy{"a:b": all}, Policy{"a:b": all}, Policy{"a:b": all}},
		{"both removed the same", Policy{"a:b": all}, nil, nil, Policy{}},
		{"I added, they removed something else", Policy{"a:b": all}, Policy{"a:b": all, "a:c": all}, nil, Policy{"a:c": all}},
		{"I removed, they added something else", Policy{"a:b": all}, nil, Policy{"a:b": all, "a:c": all}, Policy{"a:c": all}},
		{"they removed what I left alone", Policy{"a:b": all}, Policy{"a:b": all}, nil, Policy{}},
		{"both chose resources", Policy{"a:b": Only("1")}, Policy{"a:b": Only("1", "2")}, Policy{"a:b": Only("1", "3")},
			Policy{"a:b": Only("1", "2", "3")}},
		{"I took one, they added one", Policy{"a:b": Only("1", "2")}, Policy{"a:b": Only("2")}, Policy{"a:b": Only("1", "2", "3")},
			Policy{"a:b": Only("2", "3")}},
		{"I limited what they left", Policy{"a:b": all}, Policy{"a:b": Only("1")}, Policy{"a:b": all}, Policy{"a:b": Only("1")}},
		{"I limited to one, they excepted it", Policy{"a:b": all}, Policy{"a:b": Only("1")}, Policy{"a:b": AllBut("1")}, Policy{}},
		{"they limited what I extended", Policy{"a:b": Only("1", "2")}, Policy{"a:b": all}, Policy{"a:b": Only("1")},
			Policy{"a:b": AllBut("2")}},
		{"they removed what I extended", Policy{"a:b": Only("1")}, Policy{"a:b": Only("1", "2")}, nil, Policy{"a:b": Only("2")}},
		{"I extended to future ones, they chose another", Policy{"a:b": Only("1")}, Policy{"a:b": AllBut("2", "3")},
			Policy{"a:b": Only("1", "2")},
			Policy{"a:b": AllBut("3")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Merge(tt.base, tt.mine, tt.theirs)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if one := Merge(tt.base, tt.mine, tt.base); !one.Equal(tt.mine) {
				t.Errorf("if they changed nothing, it is %v", one)
			}
			if other := Merge(tt.base, tt.base, tt.theirs); !other.Equal(tt.theirs) {
				t.Errorf("if I changed nothing, it is %v", other)
			}
		})
	}
}
