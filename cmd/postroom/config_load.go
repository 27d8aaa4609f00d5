package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// largestConfig is in bytes; more is not a configuration.
const largestConfig = 1 << 20

// loadConfig reads and checks a configuration file. With lookupEnv it reads
// the secrets too, and makes the keys that are to be made; nil leaves them
// alone, for commands that open no door. The error tells all that is wrong, a
// line for each, with the key's path.
func loadConfig(path string, lookupEnv func(string) (string, bool)) (config, error) {
	text, err := readAtMost(path, largestConfig)
	if err != nil {
		return config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, problems, err := readConfig(bytes.NewReader(text), filepath.Dir(path))
	if err != nil {
		return config{}, fmt.Errorf("read the configuration %s: %w", path, err)
	}
	if lookupEnv != nil {
		problems = append(problems, c.readSecrets(lookupEnv)...)
	}
	if err = report(path, problems); err == nil && lookupEnv != nil {
		err = c.makeKeys()
	}
	return c, err
}

// loadRegisterConfig is loadConfig for commands that open the register alone:
// of the secrets it needs only the register's own, and those of the bucket in
// which to look for post before a register is begun.
func loadRegisterConfig(path string, lookupEnv func(string) (string, bool)) (config, error) {
	c, err := loadConfig(path, nil)
	if err != nil {
		return c, err
	}
	s := secretReader{lookupEnv: lookupEnv}
	s.read(&c.Register.DSN, "register.dsn", c.Register.DSNEnv, c.Register.DSNFile)
	if c.Register.Driver == "sqlite" {
		c.Archive.S3.readSecrets(&s)
	}
	return c, report(path, s.problems)
}

// errSaysNothing refuses a file without a setting. Taken for the defaults, one
// that an editor or a full disk emptied would begin another register, and
// everything that is asked of it would be answered from there.
var errSaysNothing = errors.New("it holds no setting: it is empty, or all of it is comments. If it was not always so, put your copy back; docs/operating.md has one to begin with")

// readConfig decodes and checks; paths that are not absolute start at folder.
func readConfig(in io.Reader, folder string) (config, []problem, error) {
	c := defaultConfig()
	root, err := parse(in)
	if err == nil && root == nil {
		err = errSaysNothing
	}
	if err != nil {
		return c, nil, err
	}
	var d decoder
	d.set(reflect.ValueOf(&c).Elem(), root, "")
	resolvePaths(reflect.ValueOf(&c).Elem(), folder)
	c.deriveDomain()
	return c, append(d.problems, c.check()...), nil
}

// deriveDomain: Message-IDs that nobody named a domain for have the sender's.
// Where nothing can be sent there is no sender (RFC 2606, section 2).
func (c *config) deriveDomain() {
	if c.SMTP.MessageIDDomain != "" {
		return
	}
	_, c.SMTP.MessageIDDomain, _ = strings.Cut(c.SMTP.From.Address, "@")
	if c.SMTP.MessageIDDomain == "" {
		c.SMTP.MessageIDDomain = "postroom.invalid"
	}
}

// report joins problems into one error. A key that could not be read often
// breaks a rule as well: only its first problem is told.
func report(path string, problems []problem) error {
	seen := make(map[string]bool)
	var lines []string
	for _, p := range problems {
		if !seen[p.key] {
			seen[p.key] = true
			lines = append(lines, "  "+p.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("the configuration %s cannot be used:\n%s", path, strings.Join(lines, "\n"))
}

// resolvePaths makes every field marked is:"path" that is set and relative
// start at the folder.
func resolvePaths(v reflect.Value, folder string) {
	resolve := func(v reflect.Value) {
		if p := v.String(); p != "" && !filepath.IsAbs(p) {
			v.SetString(filepath.Join(folder, p))
		}
	}
	for i := range v.NumField() {
		field, path := v.Field(i), v.Type().Field(i).Tag.Get("is") == "path"
		switch {
		case path && field.Kind() == reflect.String:
			resolve(field)
		case path:
			for j := range field.Len() {
				resolve(field.Index(j))
			}
		case field.Kind() == reflect.Struct:
			resolvePaths(field, folder)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				resolvePaths(field.Index(j), folder)
			}
		}
	}
}

// readSecrets fills in every secret that the environment or a file holds.
func (c *config) readSecrets(lookupEnv func(string) (string, bool)) []problem {
	s := secretReader{lookupEnv: lookupEnv}
	s.read(&c.Register.DSN, "register.dsn", c.Register.DSNEnv, c.Register.DSNFile)
	c.Archive.S3.readSecrets(&s)
	c.Queue.readSecrets(&s)
	for i := range c.OAuth {
		o, key := &c.OAuth[i], fmt.Sprintf("oauth[%d]", i)
		s.read(&o.Secret, key+".client_secret", o.SecretEnv, o.SecretFile)
		s.read(&o.Refresh, key+".refresh_token", o.RefreshEnv, o.RefreshFile)
	}
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		s.read(&m.Password, fmt.Sprintf("mailboxes[%d].password", i), m.PasswordEnv, m.PasswordFile)
	}
	s.read(&c.SMTP.Password, "smtp.password", c.SMTP.PasswordEnv, c.SMTP.PasswordFile)
	s.read(&c.SMTP.DKIM.Key, "smtp.dkim.key", c.SMTP.DKIM.KeyEnv, c.SMTP.DKIM.KeyFile)
	s.read(&c.Keys.Reference, "keys.reference_key", c.Keys.ReferenceEnv, c.Keys.ReferenceFile)
	s.read(&c.Keys.MessageID, "keys.message_id_key", c.Keys.MessageIDEnv, c.Keys.MessageIDFile)
	for i, file := range c.Keys.OldMessageIDFile {
		var old secret
		s.read(&old, fmt.Sprintf("keys.message_id_old_key_files[%d]", i), "", file)
		c.Keys.OldMessageIDs = append(c.Keys.OldMessageIDs, old)
	}
	s.keys(c.Keys)
	s.read(&c.Web.OIDC.Secret, "web.oidc.client_secret", c.Web.OIDC.SecretEnv, c.Web.OIDC.SecretFile)
	s.read(&c.Alerts.Token, "alerts.webhook_token", c.Alerts.TokenEnv, c.Alerts.TokenFile)
	return s.problems
}

type secretReader struct {
	lookupEnv func(string) (string, bool)
	problems  []problem
}

// read takes one secret from where it is said to be; nothing said, nothing
// read. A line end at the end of a file is an editor's, not the secret's.
func (s *secretReader) read(into *secret, key, env, file string) {
	complain := func(suffix, format string, args ...any) {
		if strings.HasSuffix(key, "]") { // an item of a list of files is the key itself
			suffix = ""
		}
		s.problems = append(s.problems, problem{key: key + suffix, what: fmt.Sprintf(format, args...)})
	}
	switch {
	case env != "" && file != "":
		// check says so.
	case env != "":
		value, _ := s.lookupEnv(env)
		if value == "" {
			complain("_env", "the environment variable %s is not set", env)
		}
		*into = secret(value)
	case file != "":
		text, err := readAtMost(file, 64<<10)
		if err != nil {
			complain("_file", "%v", err)
			return
		}
		value := strings.TrimRight(string(text), "\r\n")
		if value == "" {
			complain("_file", "%s is empty", file)
		}
		*into = secret(value)
	}
}

// keys refuses keys that could be guessed.
func (s *secretReader) keys(k keysConfig) {
	short := func(key secret, name string) {
		if key != "" && len(key) < shortestKey {
			s.problems = append(s.problems, problem{key: name, what: fmt.Sprintf("has %d characters; want at least %d, such as openssl rand -hex 32 prints", len(key), shortestKey)})
		}
	}
	short(k.Reference, "keys.reference_key")
	short(k.MessageID, "keys.message_id_key")
	for i, old := range k.OldMessageIDs {
		short(old, fmt.Sprintf("keys.message_id_old_key_files[%d]", i))
	}
}

func readAtMost(path string, most int64) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return text, nil
}
