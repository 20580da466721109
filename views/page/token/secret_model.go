package token

import "latchkey/views/component"

// Secrets is the section about the values of a token.
type Secrets struct {
	Card  component.CardModel
	Alarm *component.NoticeModel // a previous value was used after its end
	Table component.TableModel
	Rows  []SecretRow

	// The rest is only there while two values work.
	Poll, Then string // what a script asks for, and where it goes when only one works; empty otherwise
	Lost       component.NoticeModel
	StillUsed  []SecretPlace
	Safe       component.NoticeModel
	Quiets     []Quiet
	End        *component.ButtonModel
}

// SecretRow is one value.
type SecretRow struct {
	Label, Hint          string
	Made, Ends, LastUsed component.TimeModel
	Hour, Day            string // uses; empty if they are not counted
}

// SecretPlace is who uses a value.
type SecretPlace struct {
	Address, Agent string
	When           component.TimeModel
}

// Quiet is a choice for how long the old value must be silent.
type Quiet struct {
	Label, Href string
	Chosen      bool
}
