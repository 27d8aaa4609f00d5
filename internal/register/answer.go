package register

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"postroom/internal/workday"
)

// An Answering is an officer's answer to a stage of a complaint (Code 6.6,
// 6.7, 6.9, 6.17 to 6.19).
type Answering struct {
	Case     ID
	Stage    int
	By       string
	Outcome  Finding
	Text     string   // the answer in words; without it File is needed
	File     string   // the archive's name of the answer as a file
	FileName string   // what it is called for the resident, such as "Our answer.pdf"; needed where Postroom sends it
	Remedies []string // what puts it right
	Actions  []Action // what is still to be done; What and Due count
	// GivenAt is when the answer reached the resident by the officer's own
	// hand. Zero: Postroom sends it, and it counts as given when it has gone.
	GivenAt time.Time
}

// An Answer is an answer as it was recorded.
type Answer struct {
	ID          ID
	Case        ID
	Stage       int
	By          string
	RecordedAt  time.Time
	GivenAt     time.Time // zero: it has not gone yet
	WithdrawnAt time.Time // zero: it stands
	Outcome     Finding
	Text        string
	File        string
	FileName    string
	Remedies    []string
	Outgoing    ID
}

const answerColumns = `id, case_id, stage, by_whom, recorded_at, given_at, withdrawn_at, outcome, text, file, remedies, outgoing_id, file_name`

func scanAnswer(row scanner) (a Answer, err error) {
	var recorded, given, withdrawn int64
	var remedies string
	if err = row.Scan(&a.ID, &a.Case, &a.Stage, &a.By, &recorded, &given, &withdrawn, &a.Outcome, &a.Text, &a.File, &remedies, &a.Outgoing, &a.FileName); err != nil {
		return a, err
	}
	a.RecordedAt, a.GivenAt, a.WithdrawnAt = instant(recorded), instant(given), instant(withdrawn)
	return a, json.Unmarshal([]byte(remedies), &a.Remedies)
}

// answerMet is what an answer clock was met by.
const answerMet = "answer"

// Answer records a stage's answer and meets its clock: at once when it was
// given already, else when Postroom has sent it. Stage 2 is answered by
// another officer than stage 1, without exception (Code 6.13).
func (r *Register) Answer(ctx context.Context, a Answering) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) { return r.answer(t, a) })
	return hints, wrap("answer", err)
}

func (r *Register) answer(t *tx, a Answering) ([]Hint, error) {
	c, err := openComplaint(t, a.Case)
	if err != nil {
		return nil, err
	}
	_, name := stageClocks(a.Stage)
	k, err := clockOf(t, c.ID, name)
	if errors.Is(err, ErrNotFound) {
		return nil, notAllowed("The case is not at stage %d.", a.Stage)
	}
	if err == nil {
		err = r.mayAnswer(t, c, k, &a)
	}
	if err != nil {
		return nil, err
	}
	actions, err := planActions(t, a.Actions)
	if err != nil {
		return nil, err
	}
	row := Answer{ID: newID(t.now), Case: c.ID, Stage: a.Stage, By: a.By}
	var hints []Hint
	if a.GivenAt.IsZero() {
		about := About{Outcome: a.Outcome, Text: a.Text, Remedies: a.Remedies, Actions: actions, File: a.File, FileName: a.FileName}
		if row.Outgoing, hints, err = r.oweAbout(t, c, AnswerNotice, a.Stage, k.Counts().End(), about); err != nil {
			return nil, err
		}
	}
	err = t.exec(`INSERT INTO answer (id, case_id, stage, by_whom, recorded_at, outcome, text, file, remedies, outgoing_id, file_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		row.ID, row.Case, row.Stage, clean(row.By), micros(t.now), a.Outcome, a.Text, clean(a.File), clean(asJSON(a.Remedies)), row.Outgoing, a.FileName)
	if err == nil {
		err = saveActions(t, row, actions)
	}
	if err != nil {
		return nil, err
	}
	err = t.note(caseSubject(c.ID), a.By, "answer_recorded", detail{
		"stage": strconv.Itoa(a.Stage), "outcome": string(a.Outcome), "text": digest(c.ID, a.Text), "file": a.File, "outgoing": row.Outgoing,
		"remedies": strconv.Itoa(len(a.Remedies)), "actions": strconv.Itoa(len(actions)),
	})
	if err != nil || a.GivenAt.IsZero() {
		return hints, err
	}
	return nil, r.answerGiven(t, row, a.GivenAt, a.By)
}

// mayAnswer says why an answer is refused, or nil, and tidies its words.
func (r *Register) mayAnswer(t *tx, c Case, k Clock, a *Answering) error {
	a.Text, a.FileName = strings.TrimSpace(clean(a.Text)), fileName(a.FileName)
	received, err := clockReceived(t, c.ID, a.Stage)
	if err != nil {
		return err
	}
	stands, err := standing(t, c.ID, a.Stage)
	if err != nil {
		return err
	}
	other, err := standing(t, c.ID, 3-a.Stage)
	if err != nil {
		return err
	}
	switch {
	case byPerson(a.By) != nil:
		return byPerson(a.By)
	case !slices.Contains(Findings(), a.Outcome):
		return notAllowed("An answer says whether the complaint is upheld, partly upheld or not upheld.")
	case a.Text == "" && a.File == "":
		return notAllowed("An answer needs its words or its file.")
	case a.File != "" && a.GivenAt.IsZero() && !sendable(a.FileName):
		return notAllowed("The file of an answer that Postroom sends is a PDF or a Word document, with a name that ends in .pdf or .docx.")
	case stands.ID != "" || !k.MetAt.IsZero():
		return notAllowed("Stage %d has its answer already.", a.Stage)
	case a.GivenAt.After(t.now):
		return notAllowed("An answer cannot have been given in the future.")
	case !a.GivenAt.IsZero() && a.GivenAt.Before(received):
		return notAllowed("The answer cannot have been given before the complaint came, on %s.", workday.DateOf(received).Long())
	case other.ID != "" && samePerson(other.By, a.By):
		return notAllowed("Stage %d must be answered by somebody who did not answer stage %d.", a.Stage, other.Stage)
	case a.Stage == 2:
		return notAtStage1(t, c, a.By)
	}
	return nil
}

// longestFileName is in characters.
const longestFileName = 100

// fileName is a file's name without folders and without what is no good in a
// name: it goes into a mail's header.
func fileName(name string) string {
	name = path.Base("/" + strings.ReplaceAll(clean(name), `\`, "/"))
	kept := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`"<>:|?*/`, r) {
			return -1
		}
		return r
	}, name)))
	if ext := []rune(path.Ext(string(kept))); len(kept) > longestFileName {
		kept = append(kept[:longestFileName-len(ext)], ext...)
	}
	return string(kept)
}

// sendable reports whether a file is of a kind that residents can open and
// the post room can print.
func sendable(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return (ext == ".pdf" || ext == ".docx") && len(name) > len(ext)
}

// standing is the stage's answer that was not withdrawn; its ID is empty when
// there is none.
func standing(t *tx, caseID ID, stage int) (Answer, error) {
	a, err := row(t, scanAnswer, `SELECT `+answerColumns+` FROM answer WHERE case_id = $1 AND stage = $2 AND withdrawn_at = 0`, caseID, int64(stage))
	if errors.Is(err, ErrNotFound) {
		return Answer{}, nil
	}
	return a, err
}

// answerGiven meets the stage's answer clock. An extension that has not gone
// is not needed any more.
func (r *Register) answerGiven(t *tx, a Answer, at time.Time, by string) error {
	_, name := stageClocks(a.Stage)
	if err := t.exec(`UPDATE answer SET given_at = $1 WHERE id = $2`, micros(at), a.ID); err != nil {
		return err
	}
	if err := t.exec(`UPDATE clock SET met_at = $1, met_by = $2, defined_at = $1 WHERE case_id = $3 AND name = $4 AND met_at = 0`,
		micros(at), answerMet, a.Case, name); err != nil {
		return err
	}
	column := map[int]string{1: `UPDATE cases SET answered1_at = $1 WHERE id = $2`, 2: `UPDATE cases SET answered2_at = $1 WHERE id = $2`}[a.Stage]
	if err := t.exec(column, micros(at), a.Case); err != nil {
		return err
	}
	if err := r.dropUnsent(t, a.Case, by, Extension); err != nil {
		return err
	}
	k, err := clockOf(t, a.Case, name)
	if err != nil {
		return err
	}
	return t.note(caseSubject(a.Case), by, "answered", detail{
		"stage": strconv.Itoa(a.Stage), "on": workday.DateOf(at).String(), "due": dateText(k.Counts()),
		"in_time": strconv.FormatBool(!workday.DateOf(at).After(k.Counts())),
	})
}

// answerSent meets the clock once the answer that Postroom carries has gone.
func (r *Register) answerSent(t *tx, o Outgoing, at time.Time) error {
	a, err := row(t, scanAnswer, `SELECT `+answerColumns+` FROM answer WHERE outgoing_id = $1 AND withdrawn_at = 0`, o.ID)
	if errors.Is(err, ErrNotFound) {
		return nil // withdrawn while it was on its way; the history says that it went
	}
	if err != nil {
		return err
	}
	return r.answerGiven(t, a, at, a.By)
}

// WithdrawAnswer takes back an answer that has not reached the resident, so
// that another one can be written.
func (r *Register) WithdrawAnswer(ctx context.Context, id ID, by, reason string) error {
	return wrap("withdraw answer", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the answer is withdrawn.")
		if err != nil {
			return err
		}
		a, err := row(t, scanAnswer, `SELECT `+answerColumns+` FROM answer WHERE id = $1`, id)
		if err != nil {
			return err
		}
		n, err := t.affected(`UPDATE outgoing SET state = 'cancelled', why = 'the answer was withdrawn' 
			WHERE id = $1 AND (state IN ('held', 'refused', 'unknown', 'cancelled') OR state = 'owed' AND resend = 0 OR state = 'to_print' AND `+inTray+`)`, a.Outgoing)
		if err != nil {
			return err
		}
		if n == 0 || !a.WithdrawnAt.IsZero() {
			return notAllowed("This answer has gone, or is on its way, and cannot be taken back.")
		}
		if err := t.exec(`UPDATE answer SET withdrawn_at = $1 WHERE id = $2`, micros(t.now), a.ID); err != nil {
			return err
		}
		return t.note(caseSubject(a.Case), by, "answer_withdrawn", detail{"stage": strconv.Itoa(a.Stage), "reason": t.said(a.Case, reason)})
	}))
}

// Answers lists the answers of a case, oldest first, the withdrawn ones too.
func (r *Register) Answers(ctx context.Context, caseID ID) ([]Answer, error) {
	return list(ctx, r, "answers", scanAnswer, `SELECT `+answerColumns+` FROM answer WHERE case_id = $1 ORDER BY recorded_at, id`, caseID)
}
