package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A cabinet is a configuration with a record that has post in it.
type cabinet struct {
	t              *testing.T
	folder, config string
	register       *register.Register
	archive        *archive.Archive
}

func newCabinet(t *testing.T) *cabinet {
	t.Helper()
	c := &cabinet{t: t, folder: t.TempDir()}
	c.config = filepath.Join(c.folder, "postroom.yaml")
	text := "landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999}\nlog: {level: error}\n"
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := registertest.Config(t, time.Now)
	cfg.Driver, cfg.DSN = "sqlite", filepath.Join(c.folder, "data", "register.db")
	if err := os.MkdirAll(filepath.Dir(cfg.DSN), 0o700); err != nil {
		t.Fatal(err)
	}
	c.register = registertest.Open(t, cfg)
	var err error
	if c.archive, err = archive.Open(filepath.Join(c.folder, "data", "archive"), time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.archive.Close() })
	return c
}

// complaint takes a complaint in.
func (c *cabinet) complaint(text, from string) register.Opened {
	c.t.Helper()
	ctx := c.t.Context()
	if _, err := c.archive.Put(ctx, strings.NewReader(text)); err != nil {
		c.t.Fatal(err)
	}
	got, err := c.register.Receive(ctx, []register.Arrival{registertest.Arrival(text, time.Now().Add(-time.Minute))})
	if err != nil {
		c.t.Fatal(err)
	}
	opened, err := c.register.Open(ctx, []register.Opening{{
		Message: got[0].ID, Reading: registertest.Reading(text+"@homes.example", from, text), Verdict: registertest.Verdict(classify.Complaint),
	}})
	if err != nil || opened[0].Err != nil {
		c.t.Fatal(err, opened)
	}
	return opened[0]
}

// postroom runs a command with the cabinet's configuration and demands its
// exit code.
func (c *cabinet) postroom(code int, command string, args ...string) (stdout, stderr string) {
	c.t.Helper()
	var out, complaints bytes.Buffer
	if got := run(append([]string{command, "-config", c.config}, args...), &out, &complaints); got != code {
		c.t.Errorf("postroom %s %v: exit code %d, want %d\n%s%s", command, args, got, code, out.String(), complaints.String())
	}
	return out.String(), complaints.String()
}

func (c *cabinet) says(text string, want ...string) {
	c.t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			c.t.Errorf("no %q in:\n%s", w, text)
		}
	}
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	c.complaint("no heating", "ann@homes.example")
	out, _ := c.postroom(0, "verify")
	c.says(out, "1 message, 1 case, 1 reply", "all agree")
	lost := registertest.Arrival("no heating", time.Now()).Original
	if err := os.Remove(filepath.Join(c.folder, "data", "archive", lost[:2], lost)); err != nil {
		t.Fatal(err)
	}
	out, _ = c.postroom(1, "verify")
	c.says(out, fmt.Sprintf("its file %s is missing from the archive", lost), "1 WRONG")
}

func TestExportAndReportReadTheRegister(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	opened := c.complaint("no heating", "ann@homes.example")
	path := filepath.Join(t.TempDir(), "case.zip")
	out, _ := c.postroom(0, "export", " "+strings.ToLower(opened.Reference), path)
	c.says(out, "the file of")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	_, complaint := c.postroom(1, "export", "CIT26-0000-0000", path+"2")
	c.says(complaint, "no case has the reference")
	out, _ = c.postroom(0, "report", "-csv")
	c.says(out, "stage,Stage 1,received,1\n")
	out, _ = c.postroom(0, "report", "-json")
	c.says(out, `"received": 1`)
}

func TestKeepEraseAndSubjectAccess(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	opened := c.complaint("no heating", "ann@homes.example")
	path := filepath.Join(t.TempDir(), "ann.zip")
	out, _ := c.postroom(0, "subject-access", "ann@homes.example", path)
	c.says(out, "1 message, 1 case")
	_, refused := c.postroom(1, "erase", "-why", "request", opened.Reference)
	c.says(refused, "The case is open")
	if err := c.register.CloseCase(t.Context(), opened.Case, "olga", register.ClosedWithdrawn, "by phone"); err != nil {
		t.Fatal(err)
	}
	out, _ = c.postroom(0, "information")
	c.says(out, "no request for information is open")
	_, refused = c.postroom(1, "information", "-settle", opened.Reference, "-how", "by post")
	c.says(refused, "nothing has the reference")
	out, _ = c.postroom(0, "keep", "-why", "court", opened.Reference)
	c.says(out, "is kept")
	_, refused = c.postroom(1, "erase", "-why", "request", opened.Reference)
	c.says(refused, "kept on purpose: court")
	c.postroom(0, "keep", "-end", opened.Reference)
	_, refused = c.postroom(1, "keep", "-end", opened.Reference)
	c.says(refused, "nothing")
	out, _ = c.postroom(0, "erase", "-why", "request", strings.ToLower(opened.Reference))
	c.says(out, "is forgotten")
	out, _ = c.postroom(0, "retention", "-dry-run")
	c.says(out, "0 would be forgotten")
	out, _ = c.postroom(0, "verify")
	c.says(out, "0 files: all agree")
}
