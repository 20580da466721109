// Package token is the life cycle of personal and service access tokens: the format of a secret,
// who may generate which token, until when it works, and how it is deleted.
//
// The package decides with [access.Decide] and stores tokens through [Store] and [Tx]. It does
// not verify the tokens that clients present: package verify does. Of a token, only
// the name and the description can be changed after it was generated; its policy cannot.
package token
