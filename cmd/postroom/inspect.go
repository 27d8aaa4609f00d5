package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
)

// inspectLimit bounds a file that is inspected: more is not a mail.
const inspectLimit = 150 << 20

// An inspected line is the contract of inspect -json: fields may be added,
// never renamed, and everything empty is present and empty.
type inspected struct {
	File    string           `json:"file"`
	Part    int              `json:"part"`
	Parts   int              `json:"parts"`
	SHA256  string           `json:"sha256"`
	Channel string           `json:"channel"`
	Error   string           `json:"error"`
	Message inspectedMessage `json:"message"`
	Verdict classify.Verdict `json:"verdict"`
	Clocks  []inspectedClock `json:"clocks"`
	Reply   notify.Shown     `json:"reply"`
	// State is where the message would stand: "review", "filed" or "recorded".
	State string `json:"state"`
}

type inspectedMessage struct {
	MessageID       string                `json:"message_id"`
	From            register.Address      `json:"from"`
	ReplyTo         []register.Address    `json:"reply_to"`
	To              []register.Address    `json:"to"`
	Cc              []register.Address    `json:"cc"`
	Subject         string                `json:"subject"`
	Date            string                `json:"date"`
	Received        string                `json:"received"`
	ReceivedFrom    register.Basis        `json:"received_from"`
	Authenticated   bool                  `json:"authenticated"`
	Text            string                `json:"text"`
	NewText         string                `json:"new_text"`
	Language        string                `json:"language"`
	Automatic       string                `json:"automatic"`
	AutomaticWhy    string                `json:"automatic_why"`
	Bounce          register.Bounce       `json:"bounce"`
	ReferencesFound []string              `json:"references_found"`
	Repairs         []string              `json:"repairs"`
	Notes           []string              `json:"notes"`
	Attachments     []register.Attachment `json:"attachments"`
	Pages           int                   `json:"pages"`
	OCRConfidence   float64               `json:"ocr_confidence"`
	PostalAddress   []string              `json:"postal_address"`
	DoNotAnswer     string                `json:"do_not_answer"`
	Complainant     register.Address      `json:"complainant"`
	Paper           *register.Paper       `json:"paper,omitempty"`
}

type inspectedClock struct {
	Name string `json:"name"`
	Due  string `json:"due"`
}

// runInspect says what Postroom would do with files, and keeps nothing.
func runInspect(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "one JSON object a line instead of words")
	config := flags.String("config", "", "configuration `FILE`; without it nobody is authenticated and the reference is a placeholder")
	rules := flags.String("rules", "", "rule `FILE` to judge by, instead of the configured or built-in one")
	words := flags.String("words", "", "`FILE` of everyday words to judge by, instead of the configured or built-in one")
	received := flags.String("received", "", "the `TIME` at which the post arrived, such as \"2026-11-23 09:30\"")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom inspect [-json] [-config FILE] [-rules FILE] [-words FILE] [-received TIME] FILE...\n\nReads messages (.eml), scans (.pdf .tif .jpg .png) or typed-in letters (.txt) and says what Postroom would do with them, keeping nothing.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	in, err := newInspector(*config, rulesConfig{*rules, *words}, *received)
	if err != nil {
		fmt.Fprintln(stderr, "postroom inspect:", err)
		return 1
	}
	code := 0
	for _, file := range flags.Args() {
		for _, line := range in.inspect(context.Background(), file) {
			if line.Error != "" {
				code = 1
			}
			if err := writeInspected(stdout, line, *asJSON); err != nil {
				fmt.Fprintln(stderr, "postroom inspect:", err)
				return 1
			}
		}
	}
	return code
}

// usageCode is the exit code for flags that do not parse: asking for help is
// no mistake.
func usageCode(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	return 2
}

// An inspector judges files as a house of that plan would.
type inspector struct {
	plan     plan
	composer *notify.Composer
	options  mime.Options
	letters  *scan.Reader
	received time.Time
}

func newInspector(config string, rules rulesConfig, received string) (*inspector, error) {
	p, err := inspectionPlan(config)
	if err != nil {
		return nil, err
	}
	in := &inspector{plan: p, letters: scan.NewReader(p.paper)}
	in.options = p.options[importSource]
	if len(p.mailboxes) > 0 {
		in.options = p.options[p.mailboxes[0].Name]
	}
	if rules != (rulesConfig{}) {
		rules.File, rules.Words = cmp.Or(rules.File, p.ruleFiles.File), cmp.Or(rules.Words, p.ruleFiles.Words)
		if in.plan.rules, err = rulesFrom(rules.File, rules.Words); err != nil {
			return nil, err
		}
	}
	if received != "" {
		if in.received, err = workday.ParseInstant(received); err != nil {
			return nil, fmt.Errorf("-received: %w", err)
		}
	}
	in.composer = in.plan.composer()
	return in, nil
}

// inspect gives a line for each message in the file: a scan may hold several.
func (in *inspector) inspect(ctx context.Context, file string) []inspected {
	line := inspected{File: file, Part: 1, Parts: 1, Clocks: []inspectedClock{}}
	messages, err := in.read(ctx, file, &line)
	if err != nil {
		line.Error = err.Error()
		fillEmpty(&line)
		return []inspected{line}
	}
	lines := make([]inspected, len(messages))
	for i, m := range messages {
		lines[i] = line
		lines[i].Part, lines[i].Parts, lines[i].Channel = i+1, len(messages), string(m.Channel)
		if err := in.judge(&lines[i], m); err != nil && lines[i].Error == "" {
			lines[i].Error = err.Error()
		}
		fillEmpty(&lines[i])
	}
	return lines
}

// read reads a file by what it is.
func (in *inspector) read(ctx context.Context, file string, line *inspected) ([]register.Message, error) {
	m := register.Message{ID: "inspect", Reference: "(reference)", Channel: register.Email, Basis: register.FileTime, Reading: &register.Reading{}}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > inspectLimit {
		return nil, errors.New("not one message: a folder, or larger than 150 MB")
	}
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	line.SHA256 = hex.EncodeToString(sum[:])
	m.Fingerprint, m.ReceivedAt = line.SHA256, info.ModTime()
	messages := []register.Message{m}
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".txt":
		rd := ingest.TypeLetter(string(data), in.prefixes())
		messages[0].Channel, messages[0].Reading = register.Letter, &rd
	case ".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".heic", ".webp":
		messages = in.readScan(ctx, data, m)
	default:
		in.readMail(ctx, data, &messages[0])
	}
	if !in.received.IsZero() {
		for i := range messages {
			messages[i].ReceivedAt, messages[i].Basis = in.received, register.Given
		}
	}
	return messages, nil
}

func (in *inspector) prefixes() []string { return []string{in.plan.references.Prefix()} }

// readScan reads the letters of a scan.
func (in *inspector) readScan(ctx context.Context, data []byte, m register.Message) []register.Message {
	m.Channel = register.Letter
	var messages []register.Message
	for _, rd := range ingest.ReadScan(in.letters.Read(ctx, bytes.NewReader(data), scan.Progress{}), in.plan.splitting, in.prefixes()) {
		ingest.DoubtOurs(&rd, in.plan.landlord.Address)
		m.Reading = &rd
		letter := m
		if at, ok := ingest.LetterReceived(rd.Paper, in.plan.now()); ok {
			letter.ReceivedAt, letter.Basis = at, register.Stamp
		}
		messages = append(messages, letter)
	}
	return messages
}

func (in *inspector) readMail(ctx context.Context, data []byte, m *register.Message) {
	rd := ingest.ReadMail(ctx, data, in.options, in.prefixes(), in.letters)
	m.Reading = &rd
	if at, ok := ingest.TopReceived(data); ok {
		m.ReceivedAt, m.Basis = at, register.ReceivedHeader
	}
}

// judge fills in the verdict, the clocks and the reply.
func (in *inspector) judge(line *inspected, m register.Message) error {
	rd := m.Reading
	line.Error = rd.Error
	line.Verdict = ingest.Judge(in.plan.rules, m.Channel, *rd, nil, classify.Context{})
	rd.Language = line.Verdict.Language
	line.Message = inspectedMessage{
		MessageID: rd.MessageID, From: rd.From, ReplyTo: rd.ReplyTo, To: rd.To, Cc: rd.Cc, Subject: rd.Subject, Date: rd.Date,
		Received: m.ReceivedAt.Format(time.RFC3339), ReceivedFrom: m.Basis, Authenticated: rd.Authenticated,
		Text: rd.Text, NewText: rd.NewText, Language: rd.Language, Automatic: rd.Automatic, AutomaticWhy: rd.AutomaticWhy, Bounce: rd.Bounce,
		ReferencesFound: rd.ReferencesFound, Repairs: rd.Repairs, Notes: rd.Notes, Attachments: rd.Attachments, PostalAddress: rd.PostalAddress,
		DoNotAnswer: rd.DoNotAnswer, Complainant: rd.Complainant, Pages: rd.Pages, OCRConfidence: rd.OCRConfidence, Paper: rd.Paper,
	}
	f := register.Facts{Verdict: line.Verdict, Reading: *rd, Channel: m.Channel, Problem: ingest.LetterProblem(*rd)}
	plan := in.plan.policy.Plan(f)
	line.State = string(plan.State)
	answer := in.clocks(line, m)
	var err error
	line.Reply, err = in.composer.Preview(m, f, plan, answer, in.plan.guard, in.plan.now())
	return err
}

// clocks lists the clocks that the verdict's label starts, and returns the
// day of the answer.
func (in *inspector) clocks(line *inspected, m register.Message) (answer workday.Date) {
	names := map[classify.Label][]string{
		classify.Complaint:      {workday.Stage1Acknowledgement, workday.Stage1Answer},
		classify.Stage2:         {workday.Stage2Acknowledgement, workday.Stage2Answer},
		classify.ServiceRequest: {workday.Stage1Acknowledgement},
	}[line.Verdict.Label]
	for _, due := range in.plan.code.On(workday.DateOf(m.ReceivedAt)).Clocks(in.plan.calendar, m.ReceivedAt) {
		for i, name := range names {
			if due.Name != name {
				continue
			}
			line.Clocks = append(line.Clocks, inspectedClock{Name: name, Due: due.Due.String()})
			if i == 1 {
				answer = due.Due
			}
		}
	}
	return answer
}

// fillEmpty puts empty lists where there is nothing: a reader of the JSON
// finds every field.
func fillEmpty(line *inspected) {
	orEmpty(&line.Message.ReplyTo)
	orEmpty(&line.Message.To)
	orEmpty(&line.Message.Cc)
	orEmpty(&line.Message.ReferencesFound)
	orEmpty(&line.Message.Repairs)
	orEmpty(&line.Message.Notes)
	orEmpty(&line.Message.Attachments)
	orEmpty(&line.Message.PostalAddress)
	orEmpty(&line.Verdict.Topics)
	orEmpty(&line.Verdict.Flags)
	orEmpty(&line.Verdict.Evidence)
	orEmpty(&line.Verdict.Definition.Issues)
	orEmpty(&line.Verdict.Definition.Outcomes)
	if line.Message.Automatic == "" {
		line.Message.Automatic = string(mime.None)
	}
	if line.Reply.Channel == "" {
		line.Reply.Channel = "none"
	}
}

func orEmpty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

func writeInspected(w io.Writer, line inspected, asJSON bool) error {
	if asJSON {
		return writeJSON(w, line)
	}
	_, err := io.WriteString(w, inWords(line))
	return err
}

// writeJSON writes a value as one line of JSON, its words as they are.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// inWords says an inspection so that a person can argue with it.
func inWords(line inspected) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", line.File)
	if line.Parts > 1 {
		fmt.Fprintf(&b, "  letter    %d of %d\n", line.Part, line.Parts)
	}
	if line.Error != "" {
		fmt.Fprintf(&b, "  cannot be read: %s\n", line.Error)
	}
	if line.Verdict.RulesVersion == "" {
		return b.String()
	}
	m, v := line.Message, line.Verdict
	fmt.Fprintf(&b, "  from      %s <%s>\n  subject   %s\n  received  %s (%s)\n", m.From.Name, m.From.Address, m.Subject, m.Received, m.ReceivedFrom)
	if m.Paper != nil {
		fmt.Fprintf(&b, "  address   %s\n", strings.Join(m.PostalAddress, ", "))
		for _, d := range append([]string{m.Paper.AddressDoubt}, m.Paper.Doubts...) {
			if d != "" {
				fmt.Fprintf(&b, "  doubt     %s\n", d)
			}
		}
	}
	if m.Automatic != "none" {
		fmt.Fprintf(&b, "  automatic %s: %s\n", m.Automatic, m.AutomaticWhy)
	}
	fmt.Fprintf(&b, "  verdict   %s, %.0f %% sure, %s: %s\n", v.Label, math.Floor(v.Confidence*100), v.Route, v.Why)
	if len(v.Flags) > 0 {
		fmt.Fprintf(&b, "  flags     %v %s\n", v.Flags, v.HazardLevel)
	}
	for _, e := range v.Evidence {
		fmt.Fprintf(&b, "            %+5.1f %-16s %s: %q\n", e.Weight, e.Label, e.Rule, e.Quote)
	}
	for _, i := range v.Definition.Issues {
		fmt.Fprintf(&b, "  issue     %s\n", i)
	}
	for _, o := range v.Definition.Outcomes {
		fmt.Fprintf(&b, "  outcome   %s\n", o)
	}
	for _, c := range line.Clocks {
		fmt.Fprintf(&b, "  clock     %s %s\n", c.Due, c.Name)
	}
	for _, r := range m.Repairs {
		fmt.Fprintf(&b, "  repair    %s\n", r)
	}
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "  note      %s\n", n)
	}
	fmt.Fprintf(&b, "  then      %s\n  reply     %s %s\n", line.State, line.Reply.Channel, line.Reply.Why)
	if line.Reply.Text != "" {
		fmt.Fprintf(&b, "\n    Subject: %s\n\n    %s\n", line.Reply.Subject, strings.ReplaceAll(line.Reply.Text, "\n", "\n    "))
	}
	return b.String()
}
