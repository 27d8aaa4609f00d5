package mime

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// landlord is whose mailbox the mails of testdata came to.
func landlord() Options {
	return Options{
		AuthservID:   "mx1.larkmere.example.org",
		OwnAddresses: []string{"complaints@larkmere.example.org"},
		OwnMessageID: func(id string) bool { return strings.HasSuffix(id, ".ack@larkmere.example.org") },
	}
}

func readFile(t *testing.T, name string, o Options) *Message {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	return Read(t.Context(), f, o)
}

func TestGoldenMails(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mail/*.eml")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d mails, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			golden(t, strings.TrimSuffix(name, ".eml")+".json", readFile(t, name, landlord()))
		})
	}
}

func golden(t *testing.T, name string, m *Message) {
	t.Helper()
	got, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func TestBadMails(t *testing.T) {
	t.Parallel()
	var expected map[string]struct{ Expect, What string }
	raw, err := os.ReadFile("testdata/bad/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := readFile(t, filepath.Join("testdata/bad", name), landlord())
			switch want.Expect {
			case "quarantine":
				if m.Error == "" {
					t.Errorf("%s: no error", want.What)
				}
			case "read_partly":
				if m.Error != "" || len(m.Repairs) == 0 {
					t.Errorf("%s: error %q, repairs %q", want.What, m.Error, m.Repairs)
				}
			default:
				if m.Error != "" || m.Text == "" {
					t.Errorf("%s: error %q, text %q", want.What, m.Error, m.Text)
				}
			}
		})
	}
}
