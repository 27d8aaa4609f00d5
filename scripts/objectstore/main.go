// Objectstore is a real S3 server for tests: the Versity S3 Gateway's server
// and its store of plain files, without the services that its own program can
// talk to. It is a module of its own, so that the program's does not know it.
// scripts/services builds and starts it.
//
//	objectstore 127.0.0.1:PORT FOLDER
//
// Its one account has the access key "postroom" and the secret key "secret-of-the-tests".
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: objectstore ADDRESS:PORT FOLDER")
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, serve(os.Args[1], os.Args[2]))
	os.Exit(1)
}

// together is how many requests it takes at once.
const together = 256

// serve keeps what belongs to a file beside it, and not in its extended
// attributes, which not every file system has.
func serve(address, folder string) error {
	files, beside, versions := filepath.Join(folder, "files"), filepath.Join(folder, "beside"), filepath.Join(folder, "versions")
	for _, f := range []string{files, beside, versions, filepath.Join(folder, "people")} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			return err
		}
	}
	sidecar, err := meta.NewSideCar(beside)
	if err != nil {
		return err
	}
	store, err := posix.New(files, sidecar, posix.PosixOpts{SideCarDir: beside, VersioningDir: versions, ForceNoTmpFile: true, Concurrency: together, CopyObjectThreshold: 5 << 30})
	if err != nil {
		return err
	}
	root := middlewares.RootUserConfig{Access: "postroom", Secret: "secret-of-the-tests"}
	people, err := auth.NewInternal(auth.Account{Access: root.Access, Secret: root.Secret, Role: auth.RoleAdmin}, filepath.Join(folder, "people"))
	if err != nil {
		return err
	}
	server, err := s3api.New(store, root, "eu-west-2", people, nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(together, together))
	if err != nil {
		return err
	}
	return server.ServeMultiPort([]string{address})
}
