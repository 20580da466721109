// Package verify finds the principal of a presented secret. It is as fast as memory, and gives the
// answers of the database.
//
// [Authority] keeps the live tokens in an index by the digest of their secret, and what they
// may do by holder, since the tokens of one owner in one workspace have the same rights.
// Both are caches of the database and never contradict it:
//
//   - The store hands every committed change to [Authority.Apply] before the caller of the
//     transaction continues. Apply removes what the change touched, so a request that starts
//     after a change returned cannot see the state before it.
//   - A request that fills the memory notes a generation before it reads the database, and
//     keeps the result only if nothing changed meanwhile. A result that comes too late still serves
//     the request that asked for it, since that request began before the change returned.
//   - The database is asked about what is not in memory. An empty memory answers the same,
//     only slower. When Apply cannot learn what a change touched, it empties the memory.
//
// Expiry is compared with the injected clock in each verification and is exact to it.
//
// Package access decides what the principal of a [Verified] may do. This package only writes when,
// from where and how often tokens were used ([Authority.Used]), later and in batches. It does not know HTTP.
// If several processes share a database, each must pass the changes of the others to Apply, and a
// [change.Lease] says how long memory may be trusted without news from them.
package verify
