// Signin is a real provider of OpenID Connect for tests: zitadel's certified
// library with the sign-in page and the storage of its example. It is a module
// of its own, so that the program's does not know it. scripts/services builds
// and starts it.
//
//	signin 127.0.0.1:PORT
//
// Anybody signs in with the password "secret". A name such as
// "Priya Nandakumar+reviewer+auditor" is Priya Nandakumar, with those values in
// the claim "roles"; who she is does not depend on them.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: signin ADDRESS:PORT")
		os.Exit(2)
	}
	// thin's ID tokens leave names and roles to UserInfo, as the standard has it.
	storage.RegisterClients(storage.WebClient("postroom", "secret"), storage.WebClient("thin", "secret"))
	all := &people{known: map[string]*storage.User{}}
	s := &store{Storage: storage.NewStorage(all), people: all}
	handler := exampleop.SetupServer("http://"+os.Args[1], s, slog.New(slog.DiscardHandler), false)
	server := &http.Server{Addr: os.Args[1], Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

// people are whoever signed in.
type people struct {
	mu    sync.Mutex
	known map[string]*storage.User
}

func (p *people) GetUserByUsername(name string) *storage.User {
	plain, _, _ := strings.Cut(name, "+")
	first, last, _ := strings.Cut(plain, " ")
	sum := sha256.Sum256([]byte(plain))
	u := &storage.User{
		ID: hex.EncodeToString(sum[:8]), Username: name, Password: "secret", FirstName: first, LastName: last,
		Email: strings.ToLower(strings.ReplaceAll(plain, " ", ".")) + "@citrine.example", EmailVerified: true,
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[u.ID] = u
	return u
}

func (p *people) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[id]
}

func (p *people) ExampleClientID() string { return "service" }

// roles are what stands behind the name.
func (p *people) roles(id string) (roles []string) {
	if u := p.GetUserByID(id); u != nil {
		roles = strings.Split(u.Username, "+")[1:]
	}
	return roles
}

// A store is the example's, with roles.
type store struct {
	*storage.Storage
	people *people
}

func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	if len(scopes) > 1 { // else nothing but the subject is wanted
		info.AppendClaims("roles", s.people.roles(request.GetSubject()))
	}
	return s.Storage.SetUserinfoFromRequest(ctx, info, request, scopes)
}

func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	info.AppendClaims("roles", s.people.roles(subject))
	return s.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
}

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{c, id == "postroom"}, nil
}

// A client may be on any port: each test has its own.
type client struct {
	op.Client
	tellsAll bool
}

func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.tellsAll }
func (c client) RedirectURIGlobs() []string {
	return []string{"http://127.0.0.1:*/sign-in/back"}
}

func (c client) PostLogoutRedirectURIGlobs() []string {
	return []string{"http://127.0.0.1:*/sign-in"}
}
