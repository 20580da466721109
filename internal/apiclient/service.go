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
)

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// Credentials lists the credentials of every client, of all organizations.
	Credentials(ctx context.Context) ([]Credential, error)
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reader is what is read inside and outside a transaction.
type Reader interface {
	// APIClients lists the organization's clients, by name.
	APIClients(ctx context.Context, organization string) ([]Client, error)
	// APIClientKeyUsed reports whether creator has registered a client that still is there
	// with this idempotency key.
	APIClientKeyUsed(ctx context.Context, creator, key string) (bool, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	Reader
	// InsertAPIClient is a Conflict when the name or the idempotency key is there already;
	// "" is no key.
	InsertAPIClient(ctx context.Context, c Credential, key string) error
	// DeleteAPIClient is NotFound when there is no such client.
	DeleteAPIClient(ctx context.Context, organization, id string) error
	// DeleteToken marks a token as deleted; NotFound when it is so already.
	DeleteToken(ctx context.Context, organization, id string) error
	// AppendEvent adds to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	// Now is the moment of the transaction.
	Now() time.Time
}

// Deps is what the service is made of. All but Lease are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Lease     *change.Lease // till when memory may be trusted; nil: for ever
}

// Service is the use cases of API clients. It is safe for concurrent use. Wire its Apply
// to the store before the first transaction.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	known     credentials
}

// New wires the service.
func New(d Deps) *Service {
	return &Service{store: d.Store, catalogue: d.Catalogue, known: credentials{store: d.Store, lease: d.Lease}}
}

// what names a client in "was not found".
const what = "That API client"

func (s *Service) mayManage(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageAPIClients,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// List lists the organization's API clients by name. Denied to all but Admins.
func (s *Service) List(ctx context.Context, by actor.Standing) ([]Client, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	return s.store.APIClients(ctx, by.Organization)
}

// Get returns one API client; NotFound when there is none, Denied to all but Admins.
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
		return Client{}, fault.NewNotFound(what)
	}
	return clients[i], nil
}

// NewClient says which API client to make.
type NewClient struct {
	Name           string
	IdempotencyKey string // a second command with it makes nothing; "": no key
}

// Register makes an API client with a secret. Denied to all but Admins; Invalid with the
// path "name" or "idempotencyKey"; Conflict with the cause [fault.ErrRepeated] when the caller
// used the key before: then nothing is made and no secret comes back.
func (s *Service) Register(ctx context.Context, by actor.Caller, in NewClient) (Registered, error) {
	secret := newSecret()
	c := Credential{Digest: digest(secret.Reveal()), Client: Client{ID: ksuid.New().String(), Hint: hint(secret.Reveal())}}
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		c.Organization, c.CreatedBy, c.CreatedByName, c.CreatedAt = tx.By().Organization, tx.By().ID, tx.By().Name, tx.Now()
		if err := checkKey(ctx, tx, in.IdempotencyKey); err != nil {
			return err
		}
		var err error
		if c.Name, err = freeName(ctx, tx, in.Name); err != nil {
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

// checkKey refuses a key that is none, and one that the caller used before.
func checkKey(ctx context.Context, tx Tx, key string) error {
	if err := plaintext.IdempotencyKey(key); err != nil || key == "" {
		return err
	}
	used, err := tx.APIClientKeyUsed(ctx, tx.By().ID, key)
	if err == nil && used {
		return fault.NewRepeated("An API client was made with this idempotency key before. Its secret was shown once and cannot be shown again.")
	}
	return err
}

// freeName returns the name as it will be kept. Invalid when another client has it.
func freeName(ctx context.Context, tx Tx, name string) (string, error) {
	clean, err := plaintext.Name(name)
	if err != nil {
		return "", invalidName(fault.Of(err).Message)
	}
	clients, err := tx.APIClients(ctx, tx.By().Organization)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(clients, func(c Client) bool { return plaintext.SameName(c.Name, clean) }) {
		return "", invalidName("Another API client has this name.")
	}
	return clean, nil
}

func invalidName(message string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: message})
}

// Delete ends an API client: its next request is refused. NotFound when there is none,
// Denied to all but Admins.
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
