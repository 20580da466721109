package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/catalog"
)

const invoices = `# our own API
types:
  - type: invoice
    label: Invoices
    singular: Invoice
    actions:
      - edit
      - action: refund
        label: Give money back
        limitable: true
        note: Moves money.
  - {type: ledger, label: "Ledgers", actions: [write_off]}
`

func TestParse_ReadsTypesAndActions(t *testing.T) {
	got, err := catalog.Parse("f", []byte(invoices))
	if err != nil {
		t.Fatal(err)
	}
	want := []access.ResourceType{
		{Type: "invoice", Label: "Invoices", Singular: "Invoice", Section: access.SectionCustom, Entries: []access.Entry{
			{Permission: "invoice:edit", Label: "Edit"},
			{Permission: "invoice:refund", Label: "Give money back", Limitable: true, Note: "Moves money."},
		}},
		{Type: "ledger", Label: "Ledgers", Singular: "Ledgers", Section: access.SectionCustom, Entries: []access.Entry{
			{Permission: "ledger:write_off", Label: "Write off"},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParse_RowsExtendTheBuiltInCatalogue(t *testing.T) {
	rows, err := catalog.Parse("f", []byte(invoices))
	if err != nil {
		t.Fatal(err)
	}
	c, err := access.BuiltIn().Extend(rows...)
	if err != nil {
		t.Fatal(err)
	}
	entry, ok := c.Lookup("invoice:refund")
	if !ok || entry.ReadOnly || c.SectionOf("invoice:refund") != access.SectionCustom {
		t.Errorf("invoice:refund is %+v, known %v, in section %q", entry, ok, c.SectionOf("invoice:refund"))
	}
}

func TestParse_NamesEveryMistakeByItsLine(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"empty":          {"", []string{"f: the file is empty; it needs the key types"}},
		"only a comment": {"# nothing\n", []string{"f: the file is empty; it needs the key types"}},
		"no mapping":     {"- a\n", []string{"f:1: the file: must be a mapping with the keys types"}},
		"no types": {"\ntipes: []\n", []string{"f:2: the file: unknown key tipes; allowed keys are types",
			"f:2: the key types is missing"}},
		"types no list": {"types: {}\n", []string{"f:1: types: must be a list"}},
		"two documents": {"types: []\n---\ntypes: []\n", []string{"f:3: a second document begins here; the file must have only one"}},
		"row is text":   {"types:\n  - invoice\n", []string{"f:2: types[0]: must be a mapping with the keys type, label, singular, actions"}},
		"keys missing": {"types:\n  - singular: X\n", []string{"f:2: types[0]: the key type is missing",
			"f:2: types[0]: the key label is missing", "f:2: types[0]: the key actions is missing"}},
		"unknown key":  {"types:\n  - type: invoice\n    label: I\n    actions:\n      - action: edit\n        lable: E\n", []string{"f:6: types[0].actions[0]: unknown key lable; allowed keys are action, label, limitable, note"}},
		"repeated key": {"types:\n  - type: invoice\n    label: I\n    label: J\n    actions: [edit]\n", []string{"4:"}},
		"number as label": {"types:\n  - type: invoice\n    label: 5\n    actions: [edit]\n",
			[]string{"f:3: types[0].label: must be text; put it in quotes if it is"}},
		"nothing as label": {"types:\n  - type: invoice\n    label:\n    actions: [edit]\n",
			[]string{"f:3: types[0].label: must be text; put it in quotes if it is"}},
		"word as flag": {"types:\n  - type: invoice\n    label: I\n    actions:\n      - action: edit\n        limitable: maybe\n", []string{"f:6: types[0].actions[0].limitable: must be true or false"}},
		"alias": {"types:\n  - type: invoice\n    label: &l I\n    singular: *l\n    actions: [edit]\n",
			[]string{"f:3: types[0].label: must be text", "f:4: types[0].singular: must be text"}},
		"bad names": {"types:\n  - type: In-voice\n    label: I\n    actions:\n      - edit\n      - Re fund\n", []string{
			"f:2: types[0].type: A type is 1 to 64 characters", "f:6: types[0].actions[1].action: An action is 1 to 64 characters"}},
		"reserved": {"types:\n  - type: workspace\n    label: W\n    actions: [edit]\n",
			[]string{"f:2: types[0].type: The type workspace is reserved."}},
		"built in": {"types:\n  - type: source\n    label: S\n    actions: [edit]\n",
			[]string{"f:4: types[0].actions[0].action: The permission source:edit already exists."}},
		"type twice": {"types:\n  - {type: a, label: A, actions: [x]}\n  - {type: a, label: A, actions: [y]}\n",
			[]string{"f:3: types[1].type: The type a is repeated."}},
		"action twice": {"types:\n  - type: a\n    label: A\n    actions: [x, x]\n",
			[]string{"f:4: types[0].actions[1].action: The permission a:x is repeated."}},
		"no actions": {"types:\n  - type: a\n    label: A\n    actions: []\n",
			[]string{"f:4: types[0].actions: At least one action is needed."}},
		"long label": {"types:\n  - type: a\n    label: " + strings.Repeat("x", 65) + "\n    actions: [x]\n",
			[]string{"f:3: types[0].label: A label is 1 to 64 characters"}},
		"not YAML":          {"types:\n  - type: [a\n", []string{"this is not YAML"}},
		"tabs":              {"types:\n\t- type: a\n", []string{"this is not YAML"}},
		"several at a time": {"types:\n  - type: A\n    label: \"\"\n    actions: [x]\n  - type: member\n    label: M\n    actions: [x]\n", []string{"f:2: types[0].type", "f:3: types[0].label", "f:5: types[1].type"}},
		"action of no shape": {"types:\n  - type: a\n    label: A\n    actions: [[x]]\n",
			[]string{"f:4: types[0].actions[0]: must be a mapping"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := catalog.Parse("f", []byte(test.file))
			var mistakes *catalog.Error
			if !errors.As(err, &mistakes) || rows != nil {
				t.Fatalf("rows %v, error %v; want mistakes", rows, err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%s", want, err)
				}
			}
		})
	}
}

func TestParse_NamesMistakesOfFormAndOfMeaningTogetherAndEachOnce(t *testing.T) {
	_, err := catalog.Parse("f", []byte(`types:
  - type: In voice
    label: ""
    actions:
      - edit
      - action: refund
        lable: Refund
        limitable: maybe
      - [x]
  - label: 5
    actions: {}
  - type: source
    label: S
    actions: [edit, pause]
  - ledger
`))
	want := `f:2: types[0].type: A type is 1 to 64 characters from a-z, 0-9 and _, a letter first.
f:3: types[0].label: A label is 1 to 64 characters without control characters.
f:7: types[0].actions[1]: unknown key lable; allowed keys are action, label, limitable, note
f:8: types[0].actions[1].limitable: must be true or false
f:9: types[0].actions[2]: must be a mapping with the keys action, label, limitable, note
f:10: types[1]: the key type is missing
f:10: types[1].label: must be text; put it in quotes if it is
f:11: types[1].actions: must be a list
f:14: types[2].actions[0].action: The permission source:edit already exists.
f:15: types[3]: must be a mapping with the keys type, label, singular, actions`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_ReadsAFileAndSaysWhenItCannot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.yaml")
	if _, err := catalog.Load(path); err == nil || err.Error() != path+": cannot be read: no such file or directory" {
		t.Errorf("a missing file gives %v", err)
	}
	if err := os.WriteFile(path, []byte(invoices), 0o600); err != nil {
		t.Fatal(err)
	}
	if rows, err := catalog.Load(path); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
	if err := os.WriteFile(path, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Load(path); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("a huge file gives %v", err)
	}
}

func FuzzParse_NeverPanicsAndOnlyAcceptsWhatExtends(f *testing.F) {
	for _, seed := range []string{invoices, "types: []", "types:\n- {type: a, label: A, actions: [x]}", "? a\n: b",
		"<<: *a", "&a [*a]", "types: !!seq [1]", "%YAML 1.2\n---\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := catalog.Parse("f", data)
		if err != nil {
			return
		}
		if _, err := access.BuiltIn().Extend(rows...); err != nil {
			t.Errorf("accepted, but the catalogue refuses it: %v", err)
		}
	})
}
