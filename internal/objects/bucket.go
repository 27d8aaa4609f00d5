// Package objects owns the archive's place in S3-compatible object storage:
// putting, getting, copying and deleting whole files by their keys. It imports
// nothing of ours, and knows nothing of what the bytes mean.
package objects

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// attempts is how often a call is made at most: again at once after a fault
// that passes, such as a full server's. What fails all the same is tried again
// by whoever wanted it, later.
const attempts = 4

// slowest is how slow a connection may be, in bytes a second, before a call
// over it is given up.
const slowest = 64 << 10

// Config says where the bucket is, and who we are to it.
type Config struct {
	Endpoint  string // https://HOST[:PORT], or http:// where the network is ours
	Region    string
	Bucket    string
	Prefix    string // of every key; empty, or ends with /
	AccessKey string
	SecretKey string
	PathStyle bool   // the bucket stands in the path, and not before the host's name
	CA        []byte // PEM; the server's certificate may be signed by one of these too

	Patience time.Duration    // with a server that says nothing
	Now      func() time.Time // for ClockAhead alone; nil: nobody asks
}

// A Bucket keeps files by their keys. Many goroutines may use it.
type Bucket struct {
	c      Config
	client *minio.Client
	dates  *dates
	close  func()
}

// Open makes a Bucket. It does not connect: a server that is away now may be
// there when it is needed.
func Open(c Config) (*Bucket, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("objects: open: %q is no address of a server", c.Endpoint)
	}
	transport, err := c.transport()
	if err != nil {
		return nil, fmt.Errorf("objects: open: %w", err)
	}
	style := minio.BucketLookupDNS
	if c.PathStyle {
		style = minio.BucketLookupPath
	}
	dated := &dates{now: c.Now, inner: transport}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https",
		Region: c.Region, BucketLookup: style, Transport: dated, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("objects: open: %w", err)
	}
	return &Bucket{c: c, client: client, dates: dated, close: transport.CloseIdleConnections}, nil
}

// Close lets go of the connections.
func (b *Bucket) Close() error { b.close(); return nil }

// limit bounds one call that carries so many bytes, with its repetitions.
func (b *Bucket) limit(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*b.c.Patience+time.Duration(size/slowest)*time.Second)
}

// Put stores size bytes under a key, and returns when the server has said that
// it has them. sum is their SHA-256 in hexadecimal: the request is signed with
// it, so the server refuses other bytes than these.
func (b *Bucket) Put(ctx context.Context, key, sum string, content io.ReadSeeker, size int64) error {
	ctx, cancel := b.limit(ctx, size)
	defer cancel()
	raw, err := hex.DecodeString(sum)
	if err != nil {
		return fmt.Errorf("objects: put: %w", err)
	}
	told := base64.StdEncoding.EncodeToString(raw)
	core := minio.Core{Client: b.client}
	info, err := core.PutObject(ctx, b.c.Bucket, b.c.Prefix+key, content, size, "", sum, minio.PutObjectOptions{
		DisableContentSha256: true, // the sum signs the whole; no signature of its own for each piece
		UserMetadata:         map[string]string{"X-Amz-Checksum-Sha256": told},
	})
	if err == nil && info.ChecksumSHA256 != "" && info.ChecksumSHA256 != told {
		err = errors.New("the server says that it has other bytes than were sent")
	}
	return b.explain("put", "s3:PutObject", err)
}

// Get opens what lies under a key; fs.ErrNotExist when nothing does. The
// caller closes it. The bytes are as they come: compare them.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	watched, cancel := context.WithCancelCause(ctx)
	w := newWatch(cancel, b.c.Patience*2)
	core := minio.Core{Client: b.client}
	body, _, _, err := core.GetObject(watched, b.c.Bucket, b.c.Prefix+key, minio.GetObjectOptions{})
	if err == nil && body == nil { // minio's client takes some broken answers for neither
		err = errors.New("the answer is neither a file nor an error")
	}
	if err != nil {
		w.end()
		return nil, b.explain("get", "s3:GetObject", w.cause(watched, err))
	}
	return &reading{b: b, ctx: watched, body: body, watch: w}, nil
}

// Look asks for a file without getting it; fs.ErrNotExist when it is not there.
// sum is its SHA-256 in hexadecimal, empty where the server does not say.
func (b *Bucket) Look(ctx context.Context, key string) (size int64, sum string, err error) {
	ctx, cancel := b.limit(ctx, 0)
	defer cancel()
	info, err := b.client.StatObject(ctx, b.c.Bucket, b.c.Prefix+key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return 0, "", b.explain("look", "s3:GetObject", err)
	}
	// What is no sum of the whole, as of a file that came in parts, is none.
	if raw, err := base64.StdEncoding.DecodeString(info.ChecksumSHA256); err == nil {
		sum = hex.EncodeToString(raw)
	}
	return info.Size, sum, nil
}

// Copy has the server copy a file; fs.ErrNotExist when it is not there.
func (b *Bucket) Copy(ctx context.Context, from, to string) error {
	ctx, cancel := b.limit(ctx, 0)
	defer cancel()
	_, err := b.client.CopyObject(ctx,
		minio.CopyDestOptions{Bucket: b.c.Bucket, Object: b.c.Prefix + to},
		minio.CopySrcOptions{Bucket: b.c.Bucket, Object: b.c.Prefix + from})
	return b.explain("copy", "s3:PutObject", err)
}

// Delete removes a file. One that is not there is gone as well.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := b.limit(ctx, 0)
	defer cancel()
	err := b.explain("delete", "s3:DeleteObject", b.client.RemoveObject(ctx, b.c.Bucket, b.c.Prefix+key, minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List calls fn for every key that begins with start, in order, until fn fails
// or ctx ends.
func (b *Bucket) List(ctx context.Context, start string, fn func(key string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing when fn fails
	// What waits for an answer is bounded by the transport.
	for o := range b.client.ListObjectsIter(ctx, b.c.Bucket, minio.ListObjectsOptions{Prefix: b.c.Prefix + start, Recursive: true}) {
		if o.Err != nil {
			return b.explain("list", "s3:ListBucket", o.Err)
		}
		if err := fn(strings.TrimPrefix(o.Key, b.c.Prefix)); err != nil {
			return err
		}
	}
	return b.explain("list", "s3:ListBucket", ctx.Err())
}
