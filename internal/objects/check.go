package objects

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"

	"github.com/minio/minio-go/v7"
)

// checkKey is where Check puts its file.
const checkKey = "work/check-"

// Check takes a small file there and back, through all that Postroom needs of
// a key, and says how the bucket keeps what is deleted.
func (b *Bucket) Check(ctx context.Context) (string, error) {
	// First a listing: it answers with the reason, where asking for one file
	// answers only yes or no.
	err := b.List(ctx, checkKey, func(string) error { return errEnough })
	if err != nil && !errors.Is(err, errEnough) {
		return "", err
	}
	content := []byte("a file to see whether Postroom can keep one: " + rand.Text() + "\n")
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	key := checkKey + name
	if err := b.Put(ctx, key, name, bytes.NewReader(content), int64(len(content))); err != nil {
		return "", err
	}
	return b.versions(ctx), errors.Join(b.there(ctx, key, content), b.Delete(ctx, key), b.Delete(ctx, key+"-copy"))
}

// errEnough ends a listing.
var errEnough = errors.New("objects: enough was seen")

func (b *Bucket) there(ctx context.Context, key string, content []byte) error {
	if err := b.Copy(ctx, key, key+"-copy"); err != nil {
		return err
	}
	f, err := b.Get(ctx, key+"-copy")
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(f, int64(len(content))+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, content) {
		return errors.New("object storage: check: the server gives back other bytes than it took")
	}
	_, _, err = b.Look(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("object storage: check: what was stored a moment ago is not there; several servers seem to answer under this name")
	}
	return err
}

// versions says what becomes of what is forgotten. A key that may not ask is
// no trouble.
func (b *Bucket) versions(ctx context.Context) string {
	ctx, cancel := b.limit(ctx, 0)
	defer cancel()
	v, err := b.client.GetBucketVersioning(ctx, b.c.Bucket)
	switch {
	case err != nil:
		return "whether it keeps old versions cannot be seen (s3:GetBucketVersioning)"
	case v.Status == minio.Enabled:
		return "it keeps old versions: let a lifecycle rule end them, or what is forgotten stays"
	}
	return "it keeps no old versions: what is deleted is gone"
}
