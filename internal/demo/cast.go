package demo

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// person is a member who acts in the history. All addresses are from the ranges for documentation
// (RFC 5737 and RFC 3849), which belong to nobody.
type person struct {
	name, email string
	ips         []string // at work and elsewhere
	agent       string
}

const (
	chrome  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
	edge    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"
	safari  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
)

const office = "203.0.113.24"

func ada() person {
	return person{"Ada Admin", adminEmail, []string{office, "2001:db8:a1:7::12"}, chrome}
}
func eli() person {
	return person{"Eli Editor", editorEmail, []string{office, "198.51.100.41"}, firefox}
}
func vera() person {
	return person{"Vera Viewer", viewerEmail, []string{office, "198.51.100.76"}, edge}
}
func robin() person { return person{"Robin Former", formerEmail, []string{"198.51.100.90"}, chrome} }
func olga() person {
	return person{"Olga Petrenko", "olga@acme.example", []string{office, "2001:db8:b2:40::8"}, firefox}
}
func jonas() person {
	return person{"Jonas Weber", "jonas@acme.example", []string{office, "198.51.100.112"}, chrome}
}
func priya() person {
	return person{"Priya Nair", "priya@acme.example", []string{"203.0.113.61", "203.0.113.62"}, safari}
}
func tomas() person {
	return person{"Tomás Silva", "tomas@acme.example", []string{office, "198.51.100.133"}, edge}
}
func mira() person {
	return person{"Mira Okafor", "mira@acme.example", []string{"203.0.113.61", "2001:db8:c3::51"}, safari}
}
func sam() person {
	return person{"Sam Rivers", "sam@acme.example", []string{"198.51.100.158"}, chrome}
}

// origin returns where the person is at a time: one day in four elsewhere.
func (p person) origin(now time.Time) actor.Origin {
	ip := p.ips[0]
	if now.YearDay()%4 == len(p.name)%4 {
		ip = p.ips[len(p.ips)-1]
	}
	return actor.Origin{IP: ip, UserAgent: p.agent}
}

// machine says how a token is used: from where, how often on a working day, and how many of a thousand
// requests are refused.
type machine struct {
	ips      []string
	agent    string
	requests int
	weekend  int // percent of a working day
	refusals int
	from, to int // hours of the day; the same: all day
	until    int // days before the present when it was used last; 0: still
}

// machines returns the uses of tokens by name. A token that is not here is never used.
func machines() map[string]machine {
	const (
		ci        = "GitHub-Hookshot/8a3c1f0"
		python    = "python-requests/2.32.5"
		terraform = "Terraform/1.13.3 terraform-provider-acme/2.2.0"
	)
	return map[string]machine{
		"okta-scim":         {[]string{"192.0.2.200", "192.0.2.201"}, "Okta SCIM Client 1.0.0", 96, 90, 0, 0, 0, 0},
		"siem-audit-export": {[]string{"192.0.2.40"}, "vector/0.50.0", 288, 100, 0, 0, 0, 0},
		"deploy-pipeline":   {[]string{"192.0.2.15", "192.0.2.16", "192.0.2.17"}, ci, 420, 30, 6, 6, 20, 0},
		"staging-sync":      {[]string{"192.0.2.18"}, "latchkey-sync/3.4", 260, 55, 4, 0, 0, 0},
		"warehouse-loader":  {[]string{"192.0.2.77", "2001:db8:d4::9"}, "airflow/3.1.0", 180, 100, 10, 0, 0, 0},
		"usage-report":      {[]string{"192.0.2.41"}, python, 24, 100, 0, 7, 8, 0},
		"terraform-plan":    {[]string{"203.0.113.24", "2001:db8:a1:7::12"}, terraform, 36, 0, 12, 8, 18, 0},
		"event-replay":      {[]string{"203.0.113.24"}, "curl/8.15.0", 22, 0, 30, 9, 17, 0},
		"ci-probe":          {[]string{"192.0.2.15", "198.51.100.41"}, ci, 64, 20, 55, 8, 18, 0},
		"dashboard-export":  {[]string{"203.0.113.24", "198.51.100.41"}, python, 48, 25, 290, 7, 19, 0},
		"notebook":          {[]string{"198.51.100.76"}, python, 18, 15, 25, 9, 18, 0},
		"old-laptop":        {[]string{"198.51.100.90"}, "curl/8.9.1", 9, 0, 0, 9, 17, 29},
		"hackathon":         {[]string{"203.0.113.24"}, "curl/8.15.0", 30, 120, 40, 9, 22, 10},
		"schema-check":      {[]string{"198.51.100.112", "203.0.113.24"}, "Go-http-client/2.0", 75, 10, 20, 8, 19, 0},
		"backfill":          {[]string{"198.51.100.112"}, python, 140, 60, 35, 0, 0, 0},
		"model-review":      {[]string{"203.0.113.61"}, python, 26, 5, 15, 9, 18, 0},
		"sam-notebook":      {[]string{"198.51.100.158"}, python, 12, 10, 0, 9, 17, 9},
	}
}

// everything returns all rights of some kinds on types of resources.
func everything(actions []string, types ...string) access.Policy {
	p := access.Policy{}
	for _, t := range types {
		for _, action := range actions {
			p[access.NewPermission(t, action)] = access.Everywhere()
		}
	}
	return p
}
