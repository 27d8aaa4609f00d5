package objects

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"postroom/internal/oneline"
)

// A TroubleError is what is wrong between us and the server, and what to do.
type TroubleError struct {
	operation string
	advice    string
	err       error
}

func (t *TroubleError) Error() string {
	return oneline.Of(fmt.Sprintf("object storage: %s: %s: %v", t.operation, t.advice, t.err), mostSaid)
}

// mostSaid bounds a trouble's line, in characters.
const mostSaid = 1000

func (t *TroubleError) Unwrap() error { return t.err }

// explain makes a sentence of an error. right is what the key needs for the
// operation. What the caller ended is the caller's own affair.
func (b *Bucket) explain(operation, right string, err error) error {
	var told minio.ErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("object storage: %s: %w", operation, err)
	case !errors.As(err, &told):
		return &TroubleError{operation, b.unreachable(err), err}
	case told.Code == minio.NoSuchKey:
		return fmt.Errorf("object storage: %s: %w", operation, fs.ErrNotExist)
	}
	return &TroubleError{operation, b.refused(told, right), short(told)}
}

// refused says what a server's answer asks for.
func (b *Bucket) refused(told minio.ErrorResponse, right string) string {
	switch told.Code {
	case "NoSuchBucket":
		return fmt.Sprintf("the server has no bucket %q; make it, or mend archive.s3.bucket (or path_style)", b.c.Bucket)
	case "InvalidAccessKeyId", "InvalidAccessKey":
		return "the server does not know the access key; check archive.s3.access_key_file or access_key_env"
	case "SignatureDoesNotMatch":
		return "the secret key does not belong to the access key; check archive.s3.secret_key_file or secret_key_env"
	case "RequestTimeTooSkewed", "RequestExpired":
		return "this machine's clock and the server's differ too much; let a time server set both"
	case "AuthorizationHeaderMalformed", "InvalidRegion", "PermanentRedirect", "TemporaryRedirect":
		if told.Region != "" {
			return fmt.Sprintf("the bucket is in the region %s; mend archive.s3.region, and endpoint where it names one", told.Region)
		}
		return "the region or the endpoint is another bucket's; check archive.s3.region and endpoint"
	case "AccessDenied", "AllAccessDisabled", "AccountProblem":
		return fmt.Sprintf("the key may not do that in the bucket %q; allow it %s", b.c.Bucket, right)
	case "XAmzContentSHA256Mismatch", "BadDigest", "InvalidDigest":
		return "the bytes were changed on the way; it is tried again. If it goes on, look for a proxy in between"
	case "QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity", "EntityTooLarge":
		return "the storage is full, or takes no file that large; make room, nothing is lost and it goes on by itself"
	case "InvalidObjectState":
		return "the file lies in a storage class that must be thawed first; keep this bucket out of archive classes"
	}
	if told.StatusCode >= 500 || told.StatusCode == http.StatusTooManyRequests {
		return "the server is in trouble or has too much to do; it is tried again by itself"
	}
	return "the server refuses; what it says follows"
}

// unreachable says what a failed connection asks for.
func (b *Bucket) unreachable(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	switch {
	case errors.As(err, &authority):
		return "nobody we trust signed the server's certificate; name its authority in archive.s3.ca_file"
	case errors.As(err, &name):
		return "the server's certificate is for another name; check archive.s3.endpoint, and path_style"
	case errors.As(err, &invalid):
		return "the server's certificate is not valid now; renew it, and check this machine's clock"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server speaks no TLS there; check archive.s3.endpoint"
	case errors.As(err, &dns):
		return "there is no server of that name; check archive.s3.endpoint, path_style and the DNS"
	}
	return "the server cannot be reached, or is too slow; check archive.s3.endpoint and the network. What needs it waits, and goes on by itself"
}

// short is what a server said, without what it may repeat of our request.
func short(told minio.ErrorResponse) error {
	line, _, _ := strings.Cut(told.Message, "\n")
	if runes := []rune(line); len(runes) > 200 {
		line = string(runes[:200])
	}
	return fmt.Errorf("%d %s: %s", told.StatusCode, told.Code, line)
}
