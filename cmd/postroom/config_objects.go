package main

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"postroom/internal/objects"
)

// s3Config says which bucket keeps the archive's files; without an endpoint
// the folder does.
type s3Config struct {
	Endpoint      string        `yaml:"endpoint"`
	Region        string        `yaml:"region"`
	Bucket        string        `yaml:"bucket"`
	Prefix        string        `yaml:"prefix"`
	PathStyle     bool          `yaml:"path_style"`
	AcrossNetwork bool          `yaml:"across_network"`
	CAFile        string        `yaml:"ca_file" is:"path"`
	AccessKeyEnv  string        `yaml:"access_key_env"`
	AccessKeyFile string        `yaml:"access_key_file" is:"path"`
	AccessKey     secret        `yaml:"-"`
	SecretKeyEnv  string        `yaml:"secret_key_env"`
	SecretKeyFile string        `yaml:"secret_key_file" is:"path"`
	SecretKey     secret        `yaml:"-"`
	Timeout       time.Duration `yaml:"timeout"`
	CA            secret        `yaml:"-"` // read with the secrets, which it is not
}

func (s *s3Config) readSecrets(r *secretReader) {
	r.read(&s.AccessKey, "archive.s3.access_key", s.AccessKeyEnv, s.AccessKeyFile)
	r.read(&s.SecretKey, "archive.s3.secret_key", s.SecretKeyEnv, s.SecretKeyFile)
	r.read(&s.CA, "archive.s3.ca", "", s.CAFile)
}

// bucketName is what every server takes (Amazon S3 User Guide, "General purpose
// bucket naming rules"), and keyPrefix what needs no escaping anywhere.
var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyPrefix  = regexp.MustCompile(`^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$`)
)

func (s *s3Config) check(k *checker) {
	if s.Endpoint == "" {
		k.must(s.Bucket == "", "archive.s3.endpoint", "is missing; without it nothing goes into the bucket")
		return
	}
	u, err := url.Parse(s.Endpoint)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.User == nil && u.RawQuery == ""
	k.must(ok, "archive.s3.endpoint", "want the server's address alone, such as https://s3.eu-west-2.amazonaws.com")
	k.must(!ok || u.Scheme == "https" || loopback(u.Hostname()) || s.AcrossNetwork, "archive.s3.endpoint",
		"residents' post would cross a network in the clear; begin it with https://, or set across_network where the network is yours alone")
	k.must(s.Region != "", "archive.s3.region", "is missing; where the server knows none it is usually us-east-1")
	k.must(bucketName.MatchString(s.Bucket), "archive.s3.bucket", "want 3 to 63 lower case letters, digits, dots and hyphens, not %q", s.Bucket)
	k.must(keyPrefix.MatchString(s.Prefix), "archive.s3.prefix", "want nothing, or letters, digits and ._- that end with /, such as postroom/, not %q", s.Prefix)
	k.must(s.AccessKeyEnv+s.AccessKeyFile != "", "archive.s3.access_key_file", "say where the access key is, in access_key_file or access_key_env")
	k.must(s.SecretKeyEnv+s.SecretKeyFile != "", "archive.s3.secret_key_file", "say where the secret key is, in secret_key_file or secret_key_env")
	k.atMostOne("archive.s3.access_key", s.AccessKeyEnv, s.AccessKeyFile)
	k.atMostOne("archive.s3.secret_key", s.SecretKeyEnv, s.SecretKeyFile)
	k.must(s.Timeout >= time.Second && s.Timeout <= 10*time.Minute, "archive.s3.timeout", "want 1s to 10m, not %s", s.Timeout)
}

// bucket is nil where the folder keeps the files.
func (s *s3Config) bucket() *objects.Config {
	if s.Endpoint == "" {
		return nil
	}
	return &objects.Config{
		Endpoint: strings.TrimSuffix(s.Endpoint, "/"), Region: s.Region, Bucket: s.Bucket, Prefix: s.Prefix, PathStyle: s.PathStyle,
		AccessKey: string(s.AccessKey), SecretKey: string(s.SecretKey), CA: []byte(s.CA), Patience: s.Timeout,
	}
}
