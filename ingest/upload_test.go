package ingest

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// refusal fails unless err says to a clerk that something may not be done.
func (d *desk) refusal(err error, words string) {
	d.Helper()
	if no, ok := errors.AsType[*register.NotAllowedError](err); !ok || !strings.Contains(no.Why, words) {
		d.Errorf("error %v, want one about %q", err, words)
	}
}

// TestAnUploadInTheEvening: what was stamped today counts as today's, also where
// post of the afternoon counts for the next day.
func TestAnUploadInTheEvening(t *testing.T) {
	t.Parallel()
	early := workday.DefaultScheme()
	early.CutOff = "16:00"
	code, err := workday.CodeByID("", early)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, func(c *register.Config) { c.Code = code })
	today := workday.DateOf(d.clock.Now())
	d.clock.Set(today.At(17, 0))
	door := &UploadDoor{Intake: d.intake}
	u, err := door.Begin(t.Context(), register.Upload{By: "Dev", Counted: 1, ReceivedOn: today})
	d.must(err)
	_, err = door.Take(t.Context(), u.ID, "1.pdf", strings.NewReader("one"))
	d.must(err)
	if m := d.messages()[0]; early.ReceiptDate(m.ReceivedAt) != today {
		t.Errorf("received %s", m.ReceivedAt)
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	door := &UploadDoor{Intake: d.intake, Most: 1 << 20}
	today := workday.DateOf(d.clock.Now())
	_, err := door.Begin(ctx, register.Upload{By: "Dev", ReceivedOn: today.AddDays(1)})
	d.refusal(err, "in the future")
	_, err = door.Begin(ctx, register.Upload{By: "Dev", ReceivedOn: today.AddDays(-15)})
	d.refusal(err, "more than 14 days")
	_, err = door.Begin(ctx, register.Upload{By: "Dev", ReceivedOn: today.AddDays(-15), Reason: "found behind the franking machine"})
	d.must(err)
	u, err := door.Begin(ctx, register.Upload{By: "Dev", Counted: 2})
	d.must(err)
	if u.ReceivedOn != today {
		t.Errorf("received on %s", u.ReceivedOn)
	}
	take := func(name string, body io.Reader) register.UploadedFile {
		t.Helper()
		f, err := door.Take(ctx, u.ID, name, body)
		d.must(err)
		return f
	}
	first := take("1.pdf", strings.NewReader("one"))
	if first.Refused != "" || first.Again || first.Reference == "" || first.State != register.Arrived {
		t.Errorf("%+v", first)
	}
	if f := take("2.pdf", strings.NewReader("")); !strings.Contains(f.Refused, "empty") || f.Message != "" {
		t.Errorf("%+v", f)
	}
	if f := take("3.pdf", strings.NewReader(strings.Repeat("x", 1<<20+1))); !strings.Contains(f.Refused, "larger than 1 MB") {
		t.Errorf("%+v", f)
	}
	if f := take("notes.txt", strings.NewReader("Dear Sirs,\nthe lift is broken.")); !strings.Contains(f.Refused, "is text, not a scan") || f.Message != "" {
		t.Errorf("%+v", f)
	}
	if f := take("1 once more.pdf", strings.NewReader("one")); !f.Again || f.Message != first.Message || f.Reference != first.Reference {
		t.Errorf("%+v", f)
	}
	ms := d.messages()
	if len(ms) != 1 || ms[0].Channel != register.Letter || ms[0].Source != register.UploadSource || ms[0].Basis != register.Given || !ms[0].ReceivedAt.Equal(d.clock.Now()) || d.original(ms[0]) != "one" {
		t.Fatalf("%+v", ms)
	}
	if depth, err := d.intake.Queue.Depth(ctx, LetterLane); err != nil || depth.Ready != 1 {
		t.Errorf("%+v in the lane of letters: %v", depth, err)
	}
	stands, err := d.intake.Register.UploadStands(ctx, u.ID)
	d.must(err)
	if len(stands.Files) != 5 || stands.Refused != 3 || stands.Again != 1 || stands.Waiting != 1 || stands.Reconciled() {
		t.Errorf("%+v", stands)
	}
}

// TestUploadsOfAnEarlierDay: the clock runs from the day that the mailroom says.
func TestUploadsOfAnEarlierDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	door := &UploadDoor{Intake: d.intake, DaysBack: 3}
	day := workday.DateOf(d.clock.Now()).AddDays(-3)
	u, err := door.Begin(t.Context(), register.Upload{By: "Dev", ReceivedOn: day})
	d.must(err)
	_, err = door.Take(t.Context(), u.ID, "1.pdf", strings.NewReader("one"))
	d.must(err)
	if m := d.messages()[0]; workday.DateOf(m.ReceivedAt) != day {
		t.Errorf("received %v", m.ReceivedAt)
	}
}

// TestAnUploadIsCutOff: a browser that hangs up leaves nothing, and the same
// file comes in when it is sent again. One that was registered before the
// process was stopped is found, and is no repetition.
func TestAnUploadIsCutOff(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	door := &UploadDoor{Intake: d.intake}
	u, err := door.Begin(t.Context(), register.Upload{By: "Dev", Counted: 1})
	d.must(err)
	cut := errors.New("connection reset")
	if _, err := door.Take(t.Context(), u.ID, "1.pdf", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut))); !errors.Is(err, cut) {
		t.Errorf("error %v", err)
	}
	if len(d.messages()) != 0 {
		t.Fatal("half a file was taken in")
	}
	d.intake.Step = func(name string) {
		if name == "registered" {
			panic("killed between the register and the note")
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = door.Take(t.Context(), u.ID, "1.pdf", strings.NewReader("whole"))
		t.Error("nothing was stopped")
	}()
	d.intake.Step = nil
	d.clock.Advance(time.Minute)
	f, err := door.Take(t.Context(), u.ID, "1.pdf", strings.NewReader("whole"))
	d.must(err)
	if f.Again || len(d.messages()) != 1 {
		t.Errorf("%+v, %d messages", f, len(d.messages()))
	}
	stands, err := d.intake.Register.UploadStands(t.Context(), u.ID)
	d.must(err)
	if len(stands.Files) != 1 || stands.Waiting != 1 {
		t.Errorf("%+v", stands)
	}
}
