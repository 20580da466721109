package app

import (
	"latchkey/internal/demo"
	"latchkey/web/ui"
)

// DemoAccounts is what the sign-in page offers in the demonstration.
func DemoAccounts() *ui.Demo {
	d := &ui.Demo{Password: demo.Password}
	for _, a := range demo.Accounts() {
		d.Accounts = append(d.Accounts, ui.DemoAccount(a))
	}
	return d
}
