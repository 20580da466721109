package provision

import (
	"net/http"
	"strconv"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/provision"
	"latchkey/views/component"
	page "latchkey/views/page/provision"
	"latchkey/web/ui/kit"
)

// view returns the tab without its frame.
func view(v kit.Visit, requests []provision.Request, failed bool, base string) page.Provisioning {
	m := page.Provisioning{
		Card: component.CardModel{ID: "scim", Title: "SCIM provisioning",
			Description: "Your identity provider (Okta, Microsoft Entra ID or another that supports SCIM 2.0) adds, renames and deactivates " +
				"members here, and pushes groups. Invite provisioned people so that they can set a password."},
		State: component.StateModel{Text: "Off", Tone: component.Neutral},
		Base: component.CodeModel{ID: "scim-base-url", Label: "Base URL (Microsoft Entra ID calls it Tenant URL)",
			Text: base + "/scim/v2", Copy: "Copy URL"},
		Token: component.ButtonModel{Label: "Generate organization token", Variant: component.Outline, Icon: "key-round",
			Href: providerToken()},
		Action:  kit.ProvisioningPath,
		Switch:  component.ButtonModel{Label: "Switch on", Name: "switch", Value: switchOn},
		Changes: "Allowed",
		Allow:   component.ButtonModel{Label: "Stop address changes", Name: "switch", Value: fixAddresses, Variant: component.Outline},
		Guides:  guides(),
	}
	if v.Organization.SCIMFixedAddresses {
		m.Changes = "Not allowed"
		m.Allow.Label, m.Allow.Value = "Allow address changes", allowAddresses
	}
	if v.Organization.SCIMEnabled {
		m.State = component.StateModel{Text: "On", Tone: component.Good}
		m.Switch = component.ButtonModel{Label: "Switch off", Name: "switch", Value: switchOff, Variant: component.Outline}
	}
	if plan := v.Organization.Plan; !plan.Has(access.FeatureSCIM) {
		m.Refusal = &component.NoticeModel{Kind: "warning", Title: "The " + plan.Label() + " plan has no SCIM provisioning",
			Text: access.UpgradeText}
		m.State.Text, m.State.Tone = "Not in the plan", component.Neutral
		if !v.Organization.SCIMEnabled {
			m.Switch.Disabled, m.Switch.Reason = true, access.UpgradeText
		}
	}
	return withRequests(m, v, requests, failed)
}

// withRequests returns m with the last requests.
func withRequests(m page.Provisioning, v kit.Visit, requests []provision.Request, failed bool) page.Provisioning {
	m.Requests = component.CardModel{ID: "requests", Title: "Last requests", Flush: true,
		Description: "Requests of the identity provider and their outcomes, newest first. Latchkey keeps the last 200 that succeeded and the " +
			"last 200 that failed. The audit log has all of them."}
	m.Table = component.TableModel{Caption: "Last provisioning requests",
		Columns: []component.Column{{Label: "Request"}, {Label: "Outcome"}, {Label: "Token"}, {Label: "When"}}}
	if len(requests) > 0 || failed {
		m.Kinds = &component.TabsModel{Label: "Requests", Tabs: []component.Tab{
			{Label: "All requests", Href: kit.ProvisioningPath, Current: !failed},
			{Label: "Failed", Href: kit.ProvisioningPath + "?show=failed", Current: failed},
		}}
	}
	for _, r := range requests {
		m.Rows = append(m.Rows, requestView(v, r))
	}
	switch {
	case len(requests) > 0:
	case failed:
		m.Empty = &component.EmptyModel{Icon: "circle-check", Title: "No failed requests",
			Text: "Failed requests are listed here, with the reason.", Inside: true}
	default:
		m.Empty = &component.EmptyModel{Icon: "inbox", Title: "No requests yet", Inside: true,
			Text: "Switch on provisioning, generate a token, and enter the base URL and the token at the provider. Its connection test appears " +
				"here."}
	}
	return m
}

func requestView(v kit.Visit, r provision.Request) page.Request {
	row := page.Request{When: kit.When(r.At, v.Now), What: requestWords(r), Subject: kit.Shown(r.Subject),
		Call:    r.Method + " " + kit.Shown(r.Path),
		Token:   component.Link{Label: r.TokenName, Href: kit.AuditAbout(r.Token)},
		Outcome: component.StateModel{Text: strconv.Itoa(r.Status) + " Done", Tone: component.Good}}
	if r.Failed() {
		row.Outcome.Text, row.Outcome.Tone, row.Detail = strconv.Itoa(r.Status)+" Failed", component.Bad, r.Detail
	}
	return row
}

// requestWords describes a request in the words of an Admin.
func requestWords(r provision.Request) string {
	path, query, _ := strings.Cut(r.Path, "?")
	kind, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	thing := map[string]string{"Users": "user", "Groups": "group"}[kind]
	switch {
	case thing == "" && (kind == "ServiceProviderConfig" || kind == "Schemas" || kind == "ResourceTypes"):
		return "Read what Latchkey supports"
	case thing == "":
		return "Unknown request"
	case rest == ".search", r.Method == http.MethodGet && rest == "" && strings.Contains(query, "filter="):
		return "Find " + thing
	case r.Method == http.MethodGet && rest == "":
		return "List " + thing + "s"
	}
	verbs := map[string]string{http.MethodGet: "Read ", http.MethodPost: "Add ", http.MethodPut: "Update ", http.MethodPatch: "Update ",
		http.MethodDelete: "Delete "}
	if verb, known := verbs[r.Method]; known {
		return verb + thing
	}
	return "Unknown request"
}

// guides returns the steps of docs/scim.md in short.
func guides() []page.Guide {
	return []page.Guide{
		{Title: "Connect Okta", Steps: []string{
			"Add the app “SCIM 2.0 Test App (OAuth Bearer Token)” from the catalog, or choose SCIM in your own app. The application username " +
				"format is Email.",
			"Provisioning › Configure API Integration: enter the base URL and the token. The unique identifier field for users is userName.",
			"Provisioning › To App: switch on Create Users, Update User Attributes and Deactivate Users.",
			"Assign people, and push the groups that you want to use here.",
		}},
		{Title: "Connect Microsoft Entra ID", Steps: []string{
			"Create your own enterprise application, not one from the gallery.",
			"Provisioning: enter the base URL as the Tenant URL and the token as the Secret Token, and test the connection.",
			"Attribute mapping: userName must be an email address (userPrincipalName or mail). Map externalId to objectId.",
			"Assign users and groups, try one with Provision on demand, and start provisioning.",
		}},
	}
}
