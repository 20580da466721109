// Package legacy reads the export of a role-based system and says what its roles, locks
// and privacy lists are as policies of today.
//
// The format is documented in docs/legacy-export.md and docs/legacy-export.schema.json.
// [Read] streams: it holds one element at a time and, of the whole file, only ids. [Rules]
// maps, purely: the same export always gives the same policies.
//
// The package stores nothing and knows nothing of what exists already: comparing with a
// live organization and deploying is package migration. Secrets in clear are digested
// while they are read and leave the package as digests only.
package legacy
