// Package token is the life cycle of personal and service access tokens: what a secret
// looks like, what may be made, by whom, until when, and how a token ends.
//
// The package decides and composes; storage is behind [Store] and [Tx], authorization is
// [access.Decide]. It verifies no presented token (package verify does) and it changes
// none: a token is made, read and deleted, and its policy is what it was made with.
package token
