package records

import (
	"context"
	"strings"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

// A personPaper is what is held about one person, as it is given to them.
type personPaper struct {
	MadeAt    time.Time         `json:"made_at"`
	Address   string            `json:"address"`
	Residents []residentPaper   `json:"residents"`
	Messages  []messagePaper    `json:"messages"`
	Cases     []personCasePaper `json:"cases"`
	Replies   []replyPaper      `json:"replies"`
	// HeldBack counts what other people wrote about the same cases: a person
	// decides what of it may be given out.
	HeldBack int `json:"messages_of_others_held_back"`
}

type residentPaper struct {
	Name        string `json:"name"`
	LargePrint  bool   `json:"large_print"`
	PhoneOnly   bool   `json:"phone_only"`
	Language    string `json:"language"`
	SafeContact string `json:"safe_contact"`
	Note        string `json:"note"`
}

type personCasePaper struct {
	Reference  string              `json:"reference"`
	Kind       string              `json:"kind"`
	Stage      int                 `json:"stage"`
	Definition classify.Definition `json:"definition"`
	Topics     []string            `json:"topics"`
	Flags      []classify.Flag     `json:"flags"`
	OpenedAt   time.Time           `json:"opened_at"`
	ClosedAt   *time.Time          `json:"closed_at"`
	// LookedAt is when our people looked at it, without their names: those
	// are their own data (CJEU C-579/21).
	LookedAt []viewPaper `json:"looked_at"`
}

const personReadme = `This is what Postroom holds about one person, found by their address.

person.json     who they are to us, their messages with what was decided, their
                cases, and the replies to them
received/       what they wrote, as it came
sent/           what was sent to them, to the byte
checksums.txt   the SHA-256 of every file here

BEFORE YOU GIVE IT OUT, a person must read it. Mails may speak of neighbours and
staff. What other people wrote about the same cases is not in here; person.json
says how many such messages there are. Letters, calls and forms carry no email
address: look for those in the cases' files (postroom export).
`

// SubjectAccess writes what is held about whoever writes from an address as a
// ZIP, and notes in their cases that it was given out. It says how many
// messages and cases it found.
func (k *Keeper) SubjectAccess(ctx context.Context, address, path, by string, at time.Time) (messages, cases int, err error) {
	f, err := k.Register.PersonFile(ctx, address)
	if err != nil {
		return 0, 0, err
	}
	p, err := k.newPack(path, at)
	if err != nil {
		return 0, 0, err
	}
	if err := p.close(p.fillPerson(ctx, f)); err != nil {
		return 0, 0, err
	}
	for _, c := range f.Cases {
		if err := k.Register.Exported(ctx, c.ID, by, "subject access"); err != nil {
			return 0, 0, err
		}
	}
	return len(f.Messages), len(f.Cases), nil
}

func (p *pack) fillPerson(ctx context.Context, f register.PersonFile) error {
	out := personPaper{MadeAt: p.at.UTC(), Address: f.Address, HeldBack: f.Others}
	for _, r := range f.Residents {
		out.Residents = append(out.Residents, residentPaper{
			Name: r.Name, LargePrint: r.LargePrint, PhoneOnly: r.PhoneOnly, Language: r.Language, SafeContact: r.SafeContact, Note: r.Note,
		})
	}
	for i, m := range f.Messages {
		decisions, err := p.k.Register.Decisions(ctx, m.ID)
		if err != nil {
			return err
		}
		paper, err := p.message(ctx, i+1, m, decisions)
		if err != nil {
			return err
		}
		out.Messages = append(out.Messages, paper)
	}
	for _, c := range f.Cases {
		paper := personCasePaper{
			Reference: c.Reference, Kind: string(c.Kind), Stage: c.Stage, Definition: c.Definition, Topics: c.Topics, Flags: c.Flags,
			OpenedAt: c.OpenedAt, ClosedAt: some(c.ClosedAt),
		}
		for _, v := range f.Views[c.ID] {
			paper.LookedAt = append(paper.LookedAt, viewPaper{At: v.At, What: string(v.What)})
		}
		out.Cases = append(out.Cases, paper)
	}
	for i, o := range f.Replies {
		paper, err := p.reply(ctx, i+1, o, nil)
		if err != nil {
			return err
		}
		out.Replies = append(out.Replies, paper)
	}
	if err := p.add("README.txt", strings.NewReader(personReadme)); err != nil {
		return err
	}
	return p.addJSON("person.json", out)
}
