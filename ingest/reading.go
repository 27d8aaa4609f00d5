package ingest

import (
	"context"
	"io"
	"time"

	"postroom/ingest/mime"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// Read turns an original into the register's neutral terms.
func Read(ctx context.Context, original io.Reader, o mime.Options, prefixes []string) register.Reading {
	m := mime.Read(ctx, original, o)
	rd := register.Reading{
		MessageID: m.MessageID, From: address(m.From), ReplyTo: addresses(m.ReplyTo), To: addresses(m.To), Cc: addresses(m.Cc),
		Subject: m.Subject, Date: m.Date, Text: m.Text, NewText: m.NewText, Language: m.Language,
		Automatic: string(m.Automatic), AutomaticWhy: m.AutomaticWhy, DoNotAnswer: m.DoNotAnswer,
		Bounce:        register.Bounce(m.Bounce),
		MessageIDs:    append(append([]string{}, m.References...), m.InReplyTo...),
		Authenticated: m.Authenticated, AuthWhy: m.AuthWhy,
		Complainant: address(m.Complainant), ComplainantWhy: m.ComplainantWhy,
		Repairs: m.Repairs, Notes: m.Notes, Error: m.Error, BodyDigest: m.BodyDigest,
	}
	for _, a := range m.Attachments {
		rd.Attachments = append(rd.Attachments, register.Attachment(a))
	}
	if at := m.ForwardedReceived; !at.IsZero() && rd.ComplainantWhy != "" {
		rd.ComplainantWhy += " The colleague had it on " + at.In(workday.London()).Format("2 January 2006 at 15:04") + "."
	}
	rd.ReferencesFound, rd.ReferencesNear = reference.FindAll(m.Subject+"\n"+m.Text, prefixes)
	return rd
}

func address(a mime.Address) register.Address { return register.Address(a) }

func addresses(as []mime.Address) []register.Address {
	out := make([]register.Address, len(as))
	for i, a := range as {
		out[i] = address(a)
	}
	return out
}

// TopReceived is when our own mail server says that it took a mail in: the
// time in its topmost Received header, if there is one.
func TopReceived(original []byte) (time.Time, bool) {
	at := topmostReceived(original[:min(len(original), peekLimit)])
	return at, !at.IsZero()
}
