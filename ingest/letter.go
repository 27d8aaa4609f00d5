package ingest

import (
	"slices"
	"strings"
	"time"

	"postroom/classify"
	"postroom/ingest/scan"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// ReadLetter turns one letter of a scan into the register's neutral terms.
func ReadLetter(l scan.Letter, prefixes []string) register.Reading {
	w := l.Writer
	rd := register.Reading{
		From: register.Address{Name: w.Name}, Date: w.Dated, Text: l.Text, NewText: l.Text, Automatic: "none",
		Repairs: l.Repairs, Error: l.Error, Pages: len(l.Pages), OCRConfidence: l.Confidence, PostalAddress: w.Address,
		Paper: &register.Paper{
			Pages: l.Pages, Dated: w.Dated, Stamped: l.Stamped, Sheet: l.Received, Phone: w.Phone, Email: w.Email,
			AddressDoubt: w.Why, Doubts: l.Doubts,
		},
	}
	rd.ReferencesFound, rd.ReferencesNear = reference.FindAll(l.Text, prefixes)
	return rd
}

// TypeLetter does the same for the text of a letter that a person typed in.
func TypeLetter(text string, prefixes []string) register.Reading {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	rd := ReadLetter(scan.Letter{Text: text, Writer: scan.WriterOf(text)}, prefixes)
	rd.Pages, rd.OCRConfidence = 0, 0
	return rd
}

// DoubtOurs doubts an address that is the landlord's own, whose lines ours are:
// letters often begin with the address that they are sent to. An answer sent
// there would come back, and the resident hear nothing.
func DoubtOurs(rd *register.Reading, ours []string) {
	squeezed := func(line string) string { return strings.ToUpper(strings.Join(strings.Fields(line), "")) }
	if rd.Paper == nil || rd.Paper.Typed != "" || rd.Paper.AddressDoubt != "" || len(rd.PostalAddress) == 0 {
		return
	}
	postcode := squeezed(rd.PostalAddress[len(rd.PostalAddress)-1])
	if slices.ContainsFunc(ours, func(line string) bool { return strings.HasSuffix(squeezed(line), postcode) }) {
		rd.Paper.AddressDoubt = "it has the landlord's own postcode, and may be the address that the letter was sent to"
	}
}

// LetterProblem says why a person must look at a letter before anything goes
// out on its account; empty when nobody need.
func LetterProblem(rd register.Reading) string {
	switch p := rd.Paper; {
	case p == nil || rd.Error != "":
		return ""
	case len(p.Doubts) > 0:
		return "the text may be read wrongly, compare it with the picture: " + strings.Join(p.Doubts, "; ")
	case p.AddressDoubt != "":
		return "the writer's address has to be confirmed: " + p.AddressDoubt
	}
	return ""
}

// Judge is what the rules say of a message that was read. Of a text that may
// be read wrongly they are never sure enough to act alone.
func Judge(rules *classify.Rules, channel register.Channel, rd register.Reading, holders []register.Holder, c classify.Context) classify.Verdict {
	v := rules.Decide(Question(channel, rd, holders), c)
	if rd.Paper != nil && len(rd.Paper.Doubts) > 0 {
		v.Route = classify.Review
	}
	return v
}

// mostStampAge is how many days before its scan a letter may have been stamped: a
// stamp that says more was read wrongly.
const mostStampAge = 366

// LetterReceived is when a letter arrived, by what stands on paper: the
// separator sheet before it, or the mailroom's stamp. ok is false where
// nothing does, or what does cannot be, seen from the day of the scan.
func LetterReceived(p *register.Paper, scanned time.Time) (at time.Time, ok bool) {
	if p == nil {
		return at, false
	}
	for _, text := range []string{p.Sheet, p.Stamped} {
		day, err := workday.ParseDate(text)
		if text == "" || err != nil {
			continue
		}
		if age := day.DaysUntil(workday.DateOf(scanned)); age >= 0 && age <= mostStampAge {
			return day.Start(), true
		}
	}
	return at, false
}

// held is the reading of a file whose letters a person has to part.
func held(d scan.Document, why string) register.Reading {
	var text []string
	var doubts []string
	rd := register.Reading{Automatic: "none", Error: why, Paper: &register.Paper{Held: true}}
	for i := range d.Pages {
		p := &d.Pages[i]
		rd.Pages++
		rd.Paper.Pages = append(rd.Paper.Pages, p.Number)
		if p.Sheet == nil && !p.Blank {
			text = append(text, p.Text())
		}
		doubts = append(doubts, p.Doubts...)
	}
	rd.Text = strings.Join(text, "\n\n")
	rd.NewText = rd.Text
	slices.Sort(doubts)
	rd.Paper.Doubts = slices.Compact(doubts)
	return rd
}

// ReadScan reads what letters a scan holds. More than one reading means that
// the file is to be split.
func ReadScan(d scan.Document, s scan.Splitting, prefixes []string) []register.Reading {
	letters, why := scan.Letters(d, s)
	if why != "" {
		return []register.Reading{held(d, why)}
	}
	readings := make([]register.Reading, len(letters))
	for i, l := range letters {
		readings[i] = ReadLetter(l, prefixes)
		readings[i].Paper.NotRead = d.NoPrograms
	}
	return readings
}
