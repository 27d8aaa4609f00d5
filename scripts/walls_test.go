// Package scripts holds what builds and proves the project. None of it is
// part of the program.
package scripts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A brick is one import in one file, and the wall of .golangci.yml that must
// stop it; an empty wall means that it must pass.
type brick struct{ file, imports, wall string }

// The rooms and their outer ones: what each may not import, then what it must
// be able to. A wall that fires on its own room is as wrong as one that never
// fires.
func bricks() []brick {
	return slices.Concat(leafBricks(), roomBricks(), libraryBricks())
}

func leafBricks() []brick {
	var all []brick
	for _, leaf := range leaves() {
		all = append(all,
			brick{leaf + "/x.go", "postroom/notify", "leaves"},
			brick{leaf + "/x.go", "postroom/internal/register", "leaves"},
			brick{leaf + "/x.go", "postroom/internal/workday", "leaves"},
			brick{leaf + "/deeper/x.go", "postroom/internal/web", "leaves"},
			brick{leaf + "/x.go", "strings", ""},
			brick{leaf + "/x.go", "postroom/internal/oneline", ""},
		)
		for _, room := range []string{"ingest", "notify", "internal/web", "cmd/postroom"} {
			all = append(all, brick{room + "/x.go", "postroom/" + leaf, leafException(room, leaf)})
		}
	}
	return all
}

func leaves() []string {
	return []string{
		"classify", "templates", "internal/archive", "internal/objects", "internal/paper", "internal/password", "internal/oauth", "internal/openid", "internal/workday",
		"internal/reference", "internal/terms", "internal/queue", "ingest/mime", "ingest/scan",
	}
}

// leafException names the wall between notify and the leaves below ingest, the
// only leaves that a room above may not use.
func leafException(room, leaf string) string {
	if room == "notify" && strings.HasPrefix(leaf, "ingest/") {
		return "notify"
	}
	return ""
}

func roomBricks() []brick {
	return []brick{
		{"internal/register/x.go", "postroom/classify", ""},
		{"internal/register/x.go", "postroom/internal/workday", ""},
		{"internal/register/x.go", "postroom/internal/reference", ""},
		{"internal/register/x.go", "postroom/internal/terms", ""},
		{"internal/register/x.go", "postroom/internal/register/migrations", ""},
		{"internal/register/x.go", "postroom/internal/queue", "register"},
		{"internal/register/x.go", "postroom/internal/archive", "register"},
		{"internal/register/x.go", "postroom/templates", "register"},
		{"internal/register/x.go", "postroom/notify", "register"},
		{"internal/register/x.go", "postroom/ingest", "register"},
		{"internal/register/x.go", "postroom/ingest/mime", "register"},
		{"internal/register/x_test.go", "postroom/internal/registertest", ""},

		{"internal/oneline/x.go", "postroom/internal/workday", "oneline"},
		{"internal/oneline/x.go", "strings", ""},
		{"internal/malware/x.go", "postroom/internal/oneline", ""},
		{"internal/register/x.go", "postroom/internal/oneline", "register"},
		{"ingest/x.go", "postroom/internal/oneline", ""},

		{"ingest/x.go", "postroom/internal/register", ""},
		{"ingest/x.go", "postroom/notify", "ingest"},
		{"ingest/x.go", "postroom/internal/web", "ingest"},
		{"ingest/x_test.go", "postroom/notify/smtptest", ""},

		{"notify/x.go", "postroom/internal/register", ""},
		{"notify/x.go", "postroom/ingest", "notify"},
		{"notify/x.go", "postroom/internal/web", "notify"},
		{"notify/x_test.go", "postroom/notify/smtptest", ""},

		{"internal/records/x.go", "postroom/internal/register", ""},
		{"internal/records/x.go", "postroom/internal/archive", ""},
		{"internal/records/x.go", "postroom/internal/workday", ""},
		{"internal/records/x.go", "postroom/ingest", "records"},
		{"internal/records/x.go", "postroom/notify", "records"},
		{"internal/records/x.go", "postroom/internal/web", "records"},
		{"internal/records/x.go", "database/sql", "sql"},
		{"internal/figures/x.go", "postroom/internal/register", ""},
		{"internal/figures/x.go", "postroom/internal/workday", ""},
		{"internal/figures/x.go", "postroom/notify", "records"},
		{"internal/metrics/x.go", "postroom/internal/register", ""},
		{"internal/metrics/x.go", "postroom/internal/queue", ""},
		{"internal/metrics/x.go", "postroom/ingest", "records"},
		{"internal/metrics/x.go", "postroom/internal/web", "records"},
		{"internal/malware/x.go", "postroom/internal/register", ""},
		{"internal/malware/x.go", "postroom/internal/archive", ""},
		{"internal/malware/x.go", "postroom/notify", "records"},
		{"internal/malware/x.go", "postroom/internal/web", "records"},
		{"internal/register/x.go", "postroom/internal/malware", "register"},
		{"notify/x.go", "postroom/internal/malware", ""},
		{"internal/records/x.go", "postroom/internal/malware", ""},

		{"internal/web/x.go", "postroom/ingest", ""},
		{"internal/web/x.go", "postroom/notify", ""},
		{"internal/web/x.go", "postroom/internal/register", ""},
		{"internal/web/x.go", "postroom/cmd/postroom/demomail", "top"},
		{"notify/x_test.go", "postroom/cmd/postroom/demomail", "top"},
		{"cmd/postroom/x.go", "postroom/cmd/postroom/demomail", ""},
		{"cmd/postroom/x.go", "postroom/internal/web", ""},
		{"cmd/postroom/x.go", "postroom/internal/register", ""},

		{"ingest/x.go", "postroom/internal/registertest", "peers"},
		{"internal/web/x.go", "postroom/notify/smtptest", "peers"},
		{"internal/web/x.go", "postroom/internal/openid/openidtest", "peers"},
		{"internal/web/x_test.go", "postroom/internal/openid/openidtest", ""},
		{"internal/web/x.go", "postroom/internal/malware/clamdtest", "peers"},
		{"internal/web/x_test.go", "postroom/internal/malware/clamdtest", ""},
		{"internal/web/x.go", "postroom/internal/objects/objectstest", "peers"},
		{"internal/archive/x_test.go", "postroom/internal/objects/objectstest", ""},
		{"internal/objects/objectstest/x.go", "postroom/internal/objects", ""},
		{"internal/registertest/x.go", "postroom/internal/register", ""},
		{"cmd/postroom/x.go", "postroom/notify/smtptest", ""},
	}
}

// libraryBricks: each third-party library with the room that knows it, and a
// room that must not.
func libraryBricks() []brick {
	all := []brick{
		{"classify/x.go", "net/http", "classify-is-pure"},
		{"classify/x.go", "os", "classify-is-pure"},
		{"classify/x.go", "os/exec", "classify-is-pure"},
		{"classify/x_test.go", "os", ""},
		{"templates/x.go", "os", ""},
		{"ingest/mime/x.go", "github.com/emersion/go-imap/v2", "imap"},
		{"notify/x.go", "github.com/emersion/go-message", "mime"},
		{"ingest/x.go", "github.com/emersion/go-message", "mime"},
		{"cmd/postroom/x.go", "github.com/wneessen/go-mail", "sending"},
		{"internal/register/sqlite/x.go", "modernc.org/sqlite", ""},
		{"internal/registertest/x.go", "database/sql", ""},
		{"cmd/postroom/x.go", "database/sql", "sql"},
	}
	// Rooms that may, divided by spaces.
	rows := []struct{ library, wall, rooms string }{
		{"github.com/emersion/go-imap/v2", "imap", "ingest cmd/postroom/demomail"},
		{"github.com/emersion/go-sasl", "sasl", "ingest notify/smtptest"},
		{"github.com/emersion/go-smtp", "peers", "notify/smtptest cmd/postroom/demomail"},
		{"github.com/emersion/go-message", "mime", "ingest/mime"},
		{"github.com/emersion/go-msgauth", "mime", "ingest/mime"},
		{"github.com/wneessen/go-mail", "sending", "notify"},
		{"github.com/jung-kurt/gofpdf", "pdf", "internal/paper"},
		{"github.com/go-fonts/liberation", "pdf", "internal/paper"},
		{"golang.org/x/crypto/argon2", "passwords", "internal/password"},
		{"github.com/coreos/go-oidc/v3/oidc", "sign-on", "internal/openid"},
		{"golang.org/x/oauth2", "sign-on", "internal/openid"},
		{"github.com/makiuchi-d/gozxing/qrcode", "codes", "ingest/scan internal/paper"},
		{"github.com/prometheus/client_golang/prometheus", "monitoring", "internal/metrics"},
		{"github.com/minio/minio-go/v7", "object-storage", "internal/objects internal/objects/objectstest"},
		{"github.com/redis/go-redis/v9", "redis", "internal/queue"},
		{"github.com/alicebob/miniredis/v2", "redis", "internal/queue"},
		{"github.com/jackc/pgx/v5", "sql", "internal/register"},
		{"modernc.org/sqlite", "sql", "internal/register"},
		{"database/sql", "sql", "internal/register"},
	}
	for _, r := range rows {
		for room := range strings.FieldsSeq(r.rooms) {
			all = append(all, brick{room + "/x.go", r.library, ""})
		}
		all = append(all,
			brick{"internal/web/x.go", r.library, r.wall},
			brick{"internal/web/x_test.go", r.library, ""},
		)
	}
	return all
}

// TestWalls builds a house of empty rooms in which every brick is laid, and
// compares what the linter says of it with what it must say.
func TestWalls(t *testing.T) {
	t.Parallel()
	linter := os.Getenv("POSTROOM_TEST_LINTER")
	if linter == "" {
		t.Skip("integration: POSTROOM_TEST_LINTER names no golangci-lint")
	}
	// The clone's own folders must not matter to the file patterns.
	house := filepath.Join(t.TempDir(), "cmd", "notify", "ingest")
	build(t, house)

	got := lint(t, linter, house)
	for _, b := range bricks() {
		key := b.file + " imports " + b.imports
		var want []string
		if b.wall != "" {
			want = []string{b.wall}
		}
		if !slices.Equal(got[key], want) {
			t.Errorf("%s: stopped by %q, want %q", key, got[key], want)
		}
		delete(got, key)
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		t.Errorf("%s: stopped by %q, but no row lays this brick", key, got[key])
	}
}

// TestEveryWallHasAnOffender reads the names of the walls from the linter's
// rules and looks for a row that each one must stop.
func TestEveryWallHasAnOffender(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(config), "\n      rules:\n")
	rules, _, found := strings.Cut(rules, "\n    exhaustive:")
	if !found {
		t.Fatal("the depguard rules of .golangci.yml are not where this test looks for them")
	}
	walls := regexp.MustCompile(`(?m)^ {8}([a-z-]+):$`).FindAllStringSubmatch(rules, -1)
	if len(walls) == 0 {
		t.Fatal(".golangci.yml draws no walls")
	}
	for _, wall := range walls {
		if !slices.ContainsFunc(bricks(), func(b brick) bool { return b.wall == wall[1] }) {
			t.Errorf("no row offends against the wall %q", wall[1])
		}
	}
}

// build lays the bricks. The files that are judged stand in a module of their
// own, and what they import in stub modules, so that rooms may import each
// other both ways without a cycle.
func build(t *testing.T, house string) {
	t.Helper()
	files := make(map[string][]string)
	modules := make(map[string]bool)
	for _, b := range bricks() {
		files[b.file] = append(files[b.file], b.imports)
		if module := moduleOf(b.imports); module != "" {
			modules[module] = true
			write(t, filepath.Join(house, ".stub", b.imports, "stub.go"), "package stub\n")
		}
	}
	for file, imports := range files {
		slices.Sort(imports)
		var source strings.Builder
		source.WriteString("package room\n\nimport (\n")
		for _, path := range slices.Compact(imports) {
			fmt.Fprintf(&source, "\t_ %q\n", path)
		}
		source.WriteString(")\n")
		write(t, filepath.Join(house, file), source.String())
	}
	var gomod strings.Builder
	gomod.WriteString("module postroom/offender\n\ngo 1.26.0\n")
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		write(t, filepath.Join(house, ".stub", module, "go.mod"), "module "+module+"\n\ngo 1.26.0\n")
		fmt.Fprintf(&gomod, "\nrequire %[1]s %[2]s\n\nreplace %[1]s => ./.stub/%[1]s\n", module, versionOf(module))
	}
	write(t, filepath.Join(house, "go.mod"), gomod.String())
	config, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(house, ".golangci.yml"), string(config))
}

// moduleOf returns the module that an import path belongs to, empty for the
// standard library. Every third-party row imports its module's root.
func moduleOf(path string) string {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case first == "postroom":
		return "postroom"
	case strings.Contains(first, "."):
		return path
	default:
		return ""
	}
}

func versionOf(module string) string {
	if major := regexp.MustCompile(`/(v\d+)$`).FindStringSubmatch(module); major != nil {
		return major[1] + ".0.0"
	}
	return "v0.0.0"
}

// lint returns for each "file imports path" the walls that stopped it.
func lint(t *testing.T, linter, house string) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), linter, "run", "--allow-serial-runners", "--enable-only", "depguard",
		"--max-issues-per-linter", "0", "--max-same-issues", "0", "--uniq-by-line=false",
		"--show-stats=false", "--output.json.path", "stdout", "./...")
	cmd.Dir = house
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off",
		"GOLANGCI_LINT_CACHE="+filepath.Join(t.TempDir(), "cache"))
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		t.Fatalf("%s: %v\n%s", linter, err, out)
	}
	var report struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct{ Filename string }
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("read the linter's report: %v\n%s", err, out)
	}
	verdict := regexp.MustCompile(`^import '(.+)' is not allowed from list '(.+)':`)
	stopped := make(map[string][]string)
	for _, issue := range report.Issues {
		m := verdict.FindStringSubmatch(issue.Text)
		if m == nil {
			t.Fatalf("%s: %s (%s)", issue.Pos.Filename, issue.Text, issue.FromLinter)
		}
		key := filepath.ToSlash(issue.Pos.Filename) + " imports " + m[1]
		stopped[key] = append(stopped[key], m[2])
	}
	return stopped
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
