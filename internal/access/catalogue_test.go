package access

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

func TestBuiltIn_IsTheAgreedTable(t *testing.T) {
	var got []string
	c := BuiltIn()
	for _, s := range c.Sections() {
		for _, row := range c.Types(s) {
			line := string(s) + " " + row.Type + " (" + row.Label + "):"
			for _, e := range row.Entries {
				line += " " + e.Permission.Action()
				if e.Limitable {
					line += "*"
				}
				if e.ReadOnly {
					line += "r"
				}
				if e.Permission.Type() != row.Type {
					t.Errorf("%s stands in the row %s", e.Permission, row.Type)
				}
			}
			got = append(got, line)
		}
	}
	want := []string{
		"resources source (Event Stream Sources): edit* connect create_delete",
		"resources destination (Destinations): edit* connect create_delete",
		"resources table (Tables): edit* connect create_delete",
		"resources sql_model (SQL Models): edit* connect create_delete",
		"resources audience (Audiences): edit* connect create_delete",
		"resources transformation (Transformations): edit* connect create_delete",
		"resources transformation_library (Transformation Libraries): edit",
		"resources tracking_plan (Tracking Plans): edit* connect create_delete",
		"resources data_catalog (Data Catalog): edit",
		"resources profile (Profiles): edit* connect create_delete",
		"resources alert_override (Alert Overrides): edit",
		"resources bot_management (Bot Management): edit",
		"resources credential_store (Credential Store): edit",
		"resources warehouse_sync (Warehouse Syncs (retry)): edit",
		"pii source (Event Stream Sources): live_events*r",
		"pii destination (Destinations): live_events*r failure_samples*r data_access*r",
		"pii table (Tables): live_events*r",
		"pii sql_model (SQL Models): live_events*r",
		"pii audience (Audiences): live_events*r",
		"pii transformation (Transformations): live_events*r failure_samples*r",
		"pii retl_sync (Reverse ETL Syncs): failure_samples*r",
		"pii tracking_plan (Tracking Plans): violations*r",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	perms := c.Permissions()
	seen := map[Permission]bool{}
	for _, p := range perms {
		if seen[p] || !p.WellFormed() || systemAct(p) != actUnknown {
			t.Errorf("%s is there twice, malformed or a system act", p)
		}
		seen[p] = true
	}
	if len(perms) != 41 { // 8 types with three, 6 with one, 11 on personal data
		t.Errorf("%d permissions", len(perms))
	}
}

func TestSystemActs_AreClassifiedAndTheirTypesReserved(t *testing.T) {
	for _, p := range SystemActs() {
		if systemAct(p) == actUnknown || !systemType(p.Type()) || !p.WellFormed() {
			t.Errorf("%s: act %d, reserved %v", p, systemAct(p), systemType(p.Type()))
		}
	}
}

// invoices is a custom row as an operator would bring it.
func invoices() ResourceType {
	return ResourceType{Type: "invoice", Label: "Invoices", Singular: "Invoice", Entries: []Entry{
		{Permission: "invoice:edit", Label: "Edit", Limitable: true},
		{Permission: "invoice:refund", Label: "Refund", Note: "Money leaves."},
	}}
}

func TestExtend_AddsRowsOfTheOperator(t *testing.T) {
	base := BuiltIn()
	row := invoices()
	more := ResourceType{Type: "source", Label: "Event Stream Sources", Singular: "Event Stream Source",
		Entries: []Entry{{Permission: "source:replay", Label: "Replay"}}}
	c, err := base.Extend(row, more)
	if err != nil {
		t.Fatal(err)
	}
	row.Entries[0].ReadOnly = true // the caller's slice is not the catalogue's
	if c.Types(SectionCustom)[0].Entries[0].ReadOnly {
		t.Error("the caller's row is the catalogue's")
	}
	if e, ok := c.Lookup("invoice:refund"); !ok || e.Note != "Money leaves." || c.SectionOf("invoice:refund") != SectionCustom {
		t.Errorf("entry %+v %v", e, ok)
	}
	if diff := cmp.Diff([]Section{SectionResources, SectionPII, SectionCustom}, c.Sections()); diff != "" {
		t.Error(diff)
	}
	if _, known := base.Lookup("invoice:refund"); known || len(base.Sections()) != 2 {
		t.Error("the receiver has changed")
	}
	if got := c.Describe("invoice:refund"); got != "Refund Invoices" {
		t.Error(got)
	}
	if got := c.Describe("gone:edit"); got != "gone:edit" {
		t.Error(got)
	}
	if got := c.TypeLabel("nothing"); got != "nothing" {
		t.Error(got)
	}
	p := tokenOf(member(baseline(c.Everything())), ScopeReadOnly)
	r := in("invoice", "I1")
	expectReason(t, "Read-Only", Decide(c, p, "invoice:edit", r), false, NotInScope)
	expect(t, "Admin", Decide(c, admin(), "invoice:refund", r), true)
	expect(t, "Admin, without the file", Decide(base, admin(), "invoice:refund", r), false)
	expect(t, "replay", Decide(c, admin(), "source:replay", in("source", "S1")), true)
	expect(t, "connections as before", DecideConnection(c, admin(), in("source", "S1"), in("destination", "D1")), true)
}

func TestExtend_NamesEveryMistake(t *testing.T) {
	cases := map[string]struct {
		spoil func(*ResourceType)
		path  string
	}{
		"no type":         {func(r *ResourceType) { r.Type = "" }, "types[0].type"},
		"type in capital": {func(r *ResourceType) { r.Type = "Invoice" }, "types[0].type"},
		"reserved type": {func(r *ResourceType) {
			r.Type = "workspace"
			r.Entries = []Entry{{Permission: "workspace:edit", Label: "Edit"}}
		}, "types[0].type"},
		"no label":      {func(r *ResourceType) { r.Label = " " }, "types[0].label"},
		"long label":    {func(r *ResourceType) { r.Label = strings.Repeat("ä", 65) }, "types[0].label"},
		"control":       {func(r *ResourceType) { r.Singular = "a\nb" }, "types[0].singular"},
		"hidden":        {func(r *ResourceType) { r.Singular = "a\u202eb" }, "types[0].singular"},
		"other section": {func(r *ResourceType) { r.Section = SectionPII }, "types[0].section"},
		"no actions":    {func(r *ResourceType) { r.Entries = nil }, "types[0].actions"},
		"other type":    {func(r *ResourceType) { r.Entries[1].Permission = "bill:refund" }, "types[0].actions[1].action"},
		"no action":     {func(r *ResourceType) { r.Entries[1].Permission = "invoice:" }, "types[0].actions[1].action"},
		"twice":         {func(r *ResourceType) { r.Entries[1].Permission = "invoice:edit" }, "types[0].actions[1].action"},
		"no name":       {func(r *ResourceType) { r.Entries[0].Label = "" }, "types[0].actions[0].label"},
		"read-only":     {func(r *ResourceType) { r.Entries[0].ReadOnly = true }, "types[0].actions[0].read_only"},
		"built in": {func(r *ResourceType) {
			r.Type = "source"
			r.Entries = []Entry{{Permission: "source:edit", Label: "Edit"}}
		}, "types[0].actions[0].action"},
	}
	for name, k := range cases {
		row := invoices()
		k.spoil(&row)
		c, err := BuiltIn().Extend(row)
		if c != nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		fields := fault.Of(err).Fields
		if len(fields) == 0 || fields[0].Path != k.path {
			t.Errorf("%s: %v, want the path %s", name, fields, k.path)
		}
	}
	_, err := BuiltIn().Extend(invoices(), invoices(), ResourceType{Type: "x"})
	if n := len(fault.Of(err).Fields); n != 6 { // type and two actions twice; labels and actions missing
		t.Errorf("%d mistakes: %v", n, err)
	}
}

func TestCatalogue_CannotBeChangedFromOutside(t *testing.T) {
	c := BuiltIn()
	c.Types(SectionResources)[0].Entries[0].Limitable = false
	c.Permissions()[0] = "x:y"
	if !c.Types(SectionResources)[0].Entries[0].Limitable || c.Permissions()[0] != "source:edit" {
		t.Error("changed")
	}
}

func TestCatalogue_NilIsEmpty(t *testing.T) {
	var c *Catalogue
	if _, ok := c.Lookup("source:edit"); ok || c.Sections() != nil || c.Permissions() != nil || c.SectionOf("source:edit") != "" {
		t.Error("not empty")
	}
	expect(t, "connection", DecideConnection(c, admin(), in("source", "S1"), in("destination", "D1")), false)
}

func TestCheck_FindsUnknownPermissionsAndForbiddenLimits(t *testing.T) {
	c := BuiltIn()
	p := Policy{
		"source:edit":        Only("S1"),
		"source:connect":     Only("S1"),
		"table:connect":      AllBut("T1"),
		"audience:connect":   Only(),
		"invoice:refund":     Everywhere(),
		"member:manage":      Everywhere(),
		"table:edit":         {IDs: []string{"a\nb"}},
		"source:live_events": AllBut("S1"),
	}
	var got []string
	for _, f := range c.Check(p) {
		got = append(got, f.Path+": "+f.Message)
	}
	want := []string{
		"audience:connect: Connect Audiences cannot be limited to selected resources.",
		"invoice:refund: There is no such permission.",
		"member:manage: There is no such permission.",
		"source:connect: Connect Event Stream Sources cannot be limited to selected resources.",
		"table:connect: Connect Tables cannot be limited to selected resources.",
		"table:edit: The list of resources contains an invalid id.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if problems := c.Check(c.Everything()); problems != nil {
		t.Errorf("everything: %v", problems)
	}
}

func TestCheckChange_KeepsWhatIsUnknownAndAddsNothingUnknown(t *testing.T) {
	c := BuiltIn()
	before := Policy{"invoice:refund": Everywhere(), "invoice:edit": Only("I1"), "source:edit": Everywhere()}
	paths := func(after Policy) (out []string) {
		for _, f := range c.CheckChange(before, after) {
			out = append(out, f.Path)
		}
		return out
	}
	kept := Policy{"invoice:refund": Everywhere(), "invoice:edit": Only("I1"), "table:edit": Everywhere()}
	if got := paths(kept); got != nil {
		t.Errorf("kept: %v", got)
	}
	if got := paths(Policy{"invoice:edit": Only("I1")}); got != nil {
		t.Errorf("dropped: %v", got)
	}
	if diff := cmp.Diff([]string{"invoice:edit", "order:edit"},
		paths(Policy{"invoice:edit": Only("I1", "I2"), "order:edit": Everywhere()})); diff != "" {
		t.Error(diff)
	}
}

func TestKnown_UnknownPermissionsStayAndGrantNothing(t *testing.T) {
	c := BuiltIn()
	p := perms("invoice:refund", "source:edit", "invoice:edit")
	if diff := cmp.Diff(perms("source:edit"), c.Known(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Permission{"invoice:edit", "invoice:refund"}, c.Unknown(p)); diff != "" {
		t.Error(diff)
	}
	if len(p) != 3 {
		t.Error("the policy itself has changed")
	}
	m := member(baseline(p))
	if diff := cmp.Diff(perms("source:edit"), EffectivePolicy(c, m, production)); diff != "" {
		t.Error(diff)
	}
	expectReason(t, "refund", Decide(c, m, "invoice:refund", in("invoice", "I1")), false, UnknownPermission)
}

func TestPermission_SplitsAtTheFirstColon(t *testing.T) {
	for _, k := range []struct{ p, typ, action string }{
		{"source:create_delete", "source", "create_delete"}, {"", "", ""}, {"source", "source", ""}, {"a:b:c", "a", "b:c"}, {":", "", ""},
	} {
		p := Permission(k.p)
		if p.Type() != k.typ || p.Action() != k.action {
			t.Errorf("%q: %q, %q", k.p, p.Type(), p.Action())
		}
	}
	for p, want := range map[Permission]bool{
		"source:edit": true, "a1_b:c_2": true, "1a:b": false, "_a:b": false, "a:b-c": false, "a:": false, ":b": false, "a": false, "ä:b": false,
		Permission(strings.Repeat("a", 64) + ":b"): true, Permission(strings.Repeat("a", 65) + ":b"): false,
	} {
		if p.WellFormed() != want {
			t.Errorf("%q: well-formed is %v", p, !want)
		}
	}
}
