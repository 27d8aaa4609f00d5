package records_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/malware"
	"postroom/internal/malware/clamdtest"
	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// unpack reads a ZIP and proves its checksums.
func (o *office) unpack(path string) map[string]string {
	o.t.Helper()
	r, err := zip.OpenReader(path)
	o.must(err)
	defer r.Close() //nolint:errcheck // only read
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		o.must(err)
		text, err := io.ReadAll(in)
		o.must(errors.Join(err, in.Close()))
		files[f.Name] = string(text)
	}
	sums := files["checksums.txt"]
	delete(files, "checksums.txt")
	if n := strings.Count(sums, "\n"); n != len(files) {
		o.t.Errorf("%d checksums of %d files", n, len(files))
	}
	for line := range strings.Lines(sums) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		got := sha256.Sum256([]byte(files[name]))
		if hex.EncodeToString(got[:]) != sum {
			o.t.Errorf("%s is not what its checksum says", name)
		}
	}
	return files
}

// find is the one file whose name has that part in it.
func find(t *testing.T, files map[string]string, part string) string {
	t.Helper()
	found, n := "", 0
	for name, text := range files {
		if strings.Contains(name, part) {
			found, n = text, n+1
		}
	}
	if n != 1 {
		t.Errorf("%d files are called %q", n, part)
	}
	return found
}

func TestACaseFileHoldsWhatCameAndWhatWasSent(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		words := "no heating <script>alert(1)</script>"
		v := registertest.Verdict(classify.Complaint)
		v.HazardLevel, v.Flags = classify.Emergency, append(v.Flags, classify.Hazard)
		opened := o.judge(o.receive(words).ID, words, "ann@homes.example", v)
		sent := o.send(opened.Owed[0].ID)
		o.clock.Advance(48 * time.Hour)
		_, err := o.Register.Answer(ctx, register.Answering{
			Case: opened.Case, Stage: 1, By: "olga", Outcome: register.PartlyUpheld, Text: "We came too late.", File: o.keep("%PDF-1.7 answer").SHA256,
			Remedies: []string{"An apology"}, GivenAt: o.clock.Now(), Actions: []register.Action{{What: "Mend the boiler"}},
		})
		o.must(err)
		path := filepath.Join(t.TempDir(), "case.zip")
		o.must(o.ExportCase(ctx, opened.Reference, path, "olga", o.clock.Now()))
		files := o.unpack(path)
		if got := find(t, files, "received/001-2026-11-23-"+opened.Reference+".eml"); got != words {
			t.Errorf("original %q", got)
		}
		if got := find(t, files, "sent/001-2026-11-23-acknowledgement.eml"); got != sent {
			t.Errorf("sent %q", got)
		}
		find(t, files, "answers/stage-1.pdf")
		var paper struct {
			Reference string
			Clocks    []struct{ Name string }
			Replies   []struct{ To register.Address }
			Answers   []struct{ Outcome string }
			Hazards   []struct{ Duties []struct{ Name string } }
			People    []struct{ Address string }
			Timeline  []struct{ What, Hash string }
		}
		o.must(json.Unmarshal([]byte(files["case.json"]), &paper))
		if paper.Reference != opened.Reference || len(paper.Clocks) != 2 || paper.Replies[0].To.Address != "ann@homes.example" ||
			paper.Answers[0].Outcome != "partly_upheld" || len(paper.Timeline) < 5 || paper.Timeline[0].What != "received" ||
			len(paper.Hazards) != 1 || len(paper.Hazards[0].Duties) == 0 || len(paper.People) != 1 {
			t.Errorf("case.json: %+v", paper)
		}
		page := files["case.html"]
		if strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") || !strings.Contains(page, "We came too late.") || !strings.Contains(page, "Mend the boiler") {
			t.Errorf("case.html: %s", page)
		}
		events, err := o.Register.History(ctx, "case:"+opened.Case)
		o.must(err)
		if last := events[len(events)-1]; last.What != "given_out" || last.By != "olga" {
			t.Errorf("last event %+v", last)
		}
		if err := o.ExportCase(ctx, opened.Reference, path, "olga", o.clock.Now()); err == nil {
			t.Error("an export wrote over a file")
		}
	})
}

func TestACaseFileWithoutItsOriginalSaysSo(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		opened := o.take("no heating", "ann@homes.example", classify.Complaint)
		o.must(os.RemoveAll(filepath.Join(o.dir, o.keep("no heating").SHA256[:2])))
		path := filepath.Join(t.TempDir(), "case.zip")
		o.must(o.ExportCase(t.Context(), opened.Reference, path, "olga", o.clock.Now()))
		if page := o.unpack(path)["case.html"]; !strings.Contains(page, "The original is not in the archive") {
			t.Error("a missing original is not named")
		}
		for _, reference := range []string{"CIT26-NONE", o.take("thanks", "bob@homes.example", classify.NotActionable).Reference} {
			if err := o.ExportCase(t.Context(), reference, path+"2", "olga", o.clock.Now()); !errors.Is(err, register.ErrNotFound) {
				t.Errorf("%s: %v", reference, err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".pack-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestATimelineIsPrinted: also where somebody wrote what no font has.
func TestATimelineIsPrinted(t *testing.T) {
	t.Parallel()
	profile, _ := paper.ProfileNamed("dl-35x90")
	press, err := paper.NewPress(paper.Sender{Name: "Larkmere Homes", Lines: []string{"1 Quay Street"}, Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	both(t, func(o *office) {
		o.Press = press
		ctx := t.Context()
		got, err := o.Register.Receive(ctx, []register.Arrival{registertest.Arrival("cold", o.clock.Now())})
		o.must(err)
		opened, err := o.Register.Open(ctx, []register.Opening{{
			Message: got[0].ID, Reading: registertest.Reading("1@x", "ann@example.com", "cold"), Verdict: registertest.Verdict(classify.Complaint),
		}})
		o.must(err)
		o.clock.Advance(24 * time.Hour)
		for range 40 {
			o.must(o.Register.Redefine(ctx, opened[0].Case, "bo", classify.Definition{Issues: []string{"It is cold."}}))
		}
		o.must(o.Register.CloseCase(ctx, opened[0].Case, "bo", register.ClosedWithdrawn, "she signed \U00012000 and said so"))
		file := filepath.Join(t.TempDir(), "case.zip")
		o.must(o.ExportCase(ctx, opened[0].Reference, file, "bo", o.clock.Now()))
		pdf := o.unpack(file)["timeline.pdf"]
		if !strings.HasPrefix(pdf, "%PDF-") || strings.Count(pdf, "/Type /Page\n") < 2 {
			o.t.Errorf("%d bytes, %d pages", len(pdf), strings.Count(pdf, "/Type /Page\n"))
		}
		programs := os.Getenv("POSTROOM_TEST_POPPLER")
		if programs == "" {
			o.t.Skip("integration: POSTROOM_TEST_POPPLER names no folder")
		}
		read := exec.CommandContext(ctx, filepath.Join(programs, "pdftotext"), "-layout", "-", "-")
		read.Stdin = strings.NewReader(pdf)
		text, err := read.Output()
		o.must(err)
		for _, want := range []string{"Case " + opened[0].Reference, "stage1 acknowledgement: from Monday 23 November 2026", "Tuesday 24 November 2026", "10:00 case, bo: closed", "she signed [U+12000] and said so"} {
			if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), want) {
				o.t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}

// TestWithheldFilesAreLeftOut: a case's file does not carry malware out of the
// house, and says what is missing from it and why.
func TestWithheldFilesAreLeftOut(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		o.Screen = malware.NewScreen(o.Register, o.Archive, clamdtest.Start(o.t, clamdtest.Honest).Clamd(), o.clock.Now, slog.New(slog.DiscardHandler))
		for text, want := range map[string]string{"good": "received/", clamdtest.Bad: "Malware was found"} {
			opened := o.take(text, "ann@homes.example", classify.Complaint)
			path := filepath.Join(o.t.TempDir(), "case.zip")
			o.must(o.ExportCase(o.t.Context(), opened.Reference, path, "olga", o.clock.Now()))
			files := o.unpack(path)
			if !strings.Contains(files["case.json"], want) {
				o.t.Errorf("case.json does not say %q", want)
			}
			for name, content := range files {
				if strings.HasPrefix(name, "received/") && strings.Contains(content, clamdtest.Bad) {
					o.t.Errorf("%s is in the file", name)
				}
			}
		}
	})
}
