package apiclient

import (
	"context"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// Store is what the service reads outside a transaction, and how it begins one.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	Reader
	// Credentials returns the credentials of all clients of all organizations.
	Credentials(ctx context.Context) ([]Credential, error)
}

// Reader is what the service reads inside and outside a transaction.
type Reader interface {
	// APIClients returns the organization's clients, sorted by name.
	APIClients(ctx context.Context, organization string) ([]Client, error)
	// APIClientKeyUsed reports whether creator registered a client with this idempotency key.
	// Deleted clients do not count.
	APIClientKeyUsed(ctx context.Context, creator, key string) (bool, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	Reader
	// InsertAPIClient adds a client. The error is Conflict if the name or the idempotency key is
	// taken. An empty key is none.
	InsertAPIClient(ctx context.Context, c Credential, key string) error
	// DeleteAPIClient deletes a client. The error is NotFound if there is none.
	DeleteAPIClient(ctx context.Context, organization, id string) error
	// TokenPlan makes changes of the organization's tokens take turns.
	TokenPlan(ctx context.Context, organization string) (access.Plan, error)
	// RecordOfDigest returns the token with the digest of its current secret or a previous one, deleted
	// or not. The error is NotFound if there is none.
	RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error)
	// Token returns a token that is not deleted. The error is NotFound if there is none.
	Token(ctx context.Context, organization, id string) (token.Token, error)
	// DeleteToken marks a token as deleted. The error is NotFound if it already is.
	DeleteToken(ctx context.Context, organization, id string) error
	// EndSecret ends a previous secret of a token now. The error is NotFound if it is none, or was ended.
	EndSecret(ctx context.Context, id string, digest [32]byte) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	// Now returns the time of the transaction.
	Now() time.Time
}

// Deps is what a [Service] needs. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Lease     *change.Lease // how long memory may be trusted; nil on a single node
}

// Service is the use cases of API clients. It is safe for concurrent use. Connect its Apply
// method to the store before the first transaction.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	cached    credentials
}

// New returns a service.
func New(d Deps) *Service {
	return &Service{store: d.Store, catalogue: d.Catalogue, cached: credentials{store: d.Store, lease: d.Lease}}
}

// thatClient is the client in "That API client was not found."
const thatClient = "That API client"

func (s *Service) mayManage(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageAPIClients,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// List returns the organization's API clients, sorted by name. The error is Denied unless the
// caller is an Admin.
func (s *Service) List(ctx context.Context, by actor.Standing) ([]Client, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	return s.store.APIClients(ctx, by.Organization)
}

// Get returns an API client. The error is NotFound if there is none, and Denied unless the caller
// is an Admin.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Client, error) {
	clients, err := s.List(ctx, by)
	if err != nil {
		return Client{}, err
	}
	return find(clients, id)
}

func find(clients []Client, id string) (Client, error) {
	i := slices.IndexFunc(clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, fault.NewNotFound(thatClient)
	}
	return clients[i], nil
}

// NewClient is the API client to register.
type NewClient struct {
	Name string
	// ChecksAddresses is as in [Client].
	ChecksAddresses bool
	IdempotencyKey  string // a second client with it is refused; empty for none
}

// Register creates an API client with a secret. The error is Denied unless the caller is an Admin
// and there are fewer than [access.MaxAPIClients], and Invalid with the field "name" or "idempotencyKey". It is Conflict with the cause
// [fault.ErrRepeated] if the caller has used the key before: then no client is created and no
// secret is returned.
func (s *Service) Register(ctx context.Context, by actor.Caller, in NewClient) (Registered, error) {
	secret := newSecret()
	c := Credential{Digest: digest(secret.Reveal()), Client: Client{ID: ksuid.New().String(), Hint: hint(secret.Reveal()),
		ChecksAddresses: in.ChecksAddresses}}
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		if err := tx.By().MustBeProven(tx.Now(), "create an API client"); err != nil {
			return err
		}
		c.Organization, c.CreatedBy, c.CreatedByName, c.CreatedAt = tx.By().Organization, tx.By().ID, tx.By().Name, tx.Now()
		if err := checkKey(ctx, tx, in.IdempotencyKey); err != nil {
			return err
		}
		clients, err := tx.APIClients(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		if err := access.Room(len(clients), access.MaxAPIClients, "An organization", "API clients"); err != nil {
			return err
		}
		if c.Name, err = freeName(clients, in.Name); err != nil {
			return err
		}
		if err := tx.InsertAPIClient(ctx, c, in.IdempotencyKey); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, target(c.Client)).Changed("", c.description()))
	})
	if err != nil {
		return Registered{}, err
	}
	return Registered{Client: c.Client, Secret: secret}, nil
}

// checkKey returns an error for a malformed idempotency key, and for one that the caller has used
// before.
func checkKey(ctx context.Context, tx Tx, key string) error {
	if err := plaintext.IdempotencyKey(key); err != nil || key == "" {
		return err
	}
	used, err := tx.APIClientKeyUsed(ctx, tx.By().ID, key)
	if err == nil && used {
		return fault.NewRepeated("An API client was already created with this idempotency key. " +
			"Its secret was shown once and cannot be shown again.")
	}
	return err
}

// freeName returns name as it is stored. The error is Invalid if one of the clients has it.
func freeName(clients []Client, name string) (string, error) {
	clean, err := plaintext.Name(name)
	if err != nil {
		return "", invalidName(fault.Of(err).Message)
	}
	if slices.ContainsFunc(clients, func(c Client) bool { return plaintext.SameName(c.Name, clean) }) {
		return "", invalidName("Another API client has this name.")
	}
	return clean, nil
}

func invalidName(message string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: message})
}

// Delete deletes an API client, so its next request is refused. The error is NotFound if there is
// none, and Denied unless the caller is an Admin.
func (s *Service) Delete(ctx context.Context, by actor.Caller, id string) (Client, error) {
	var c Client
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		organization := tx.By().Organization
		clients, err := tx.APIClients(ctx, organization)
		if err != nil {
			return err
		}
		if c, err = find(clients, id); err != nil {
			return err
		}
		if err := tx.DeleteAPIClient(ctx, organization, id); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, target(c)).Changed(c.description(), ""))
	})
	return c, err
}

func target(c Client) audit.Target {
	return audit.Target{Type: audit.TargetAPIClient, ID: c.ID, Name: c.Name}
}
