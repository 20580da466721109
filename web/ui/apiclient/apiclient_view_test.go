package apiclient

import (
	"testing"

	"latchkey/internal/apiclient"
	"latchkey/web/ui/uitest"
)

func TestClientsView_OffersToAddInOnePlace(t *testing.T) {
	empty := clientsView(nil, "https://keys.example", uitest.Noon())
	if empty.Empty == nil || empty.Empty.Action == nil || empty.Card.Action != nil || len(empty.Lines) != 2 {
		t.Errorf("%+v", empty)
	}
	if d := newClientDialog(uitest.Form(fieldChecks, "on"), nil); !d.Fields[1].Boxes.Choices[0].Checked ||
		d.Fields[1].Boxes.Choices[0].Label != "Checks addresses itself" {
		t.Errorf("%+v", d.Fields[1].Boxes)
	}
	full := clientsView([]apiclient.Client{{ID: "c1", Name: "Billing"}}, "https://keys.example", uitest.Noon())
	if full.Empty != nil || full.Card.Action == nil || full.Rows[0].Maker != "an unknown user" ||
		full.Rows[0].Delete.Href != "/settings/access-management/api-clients/c1/delete" {
		t.Errorf("%+v", full)
	}
}
