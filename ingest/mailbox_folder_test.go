package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// How services list their folders, as their logs show it: Exchange Online
// marks none, Gmail all, and names come in the owner's language and in modified
// UTF-7, or raw where a server knows no better.
var (
	exchange = []string{`(\HasNoChildren) "/" "Archive"`, `(\HasNoChildren) "/" "Deleted Items"`, `(\Marked \HasNoChildren) "/" "INBOX"`, `(\HasNoChildren) "/" "Junk Email"`, `(\HasNoChildren) "/" "Sent Items"`}
	gmail    = []string{
		`(\HasNoChildren) "/" "INBOX"`, `(\HasNoChildren) "/" "Repairs"`, `(\HasChildren \Noselect) "/" "[Google Mail]"`, `(\All \HasNoChildren) "/" "[Google Mail]/All Mail"`,
		`(\Drafts \HasNoChildren) "/" "[Google Mail]/Drafts"`, `(\HasNoChildren \Sent) "/" "[Google Mail]/Sent Mail"`, `(\HasNoChildren \Junk) "/" "[Google Mail]/Spam"`, `(\HasNoChildren \Trash) "/" "[Google Mail]/Bin"`,
	}
	cyrus = []string{`(\HasChildren) "." "INBOX"`, `(\HasNoChildren) "." "INBOX.Junk"`, `(\HasNoChildren) "." "INBOX.Complaints.Repairs"`, `(\HasNoChildren) "." "INBOX.Sent"`}
	dutch = []string{`() "/" "INBOX"`, `() "/" "Ongewenste e-mail"`}
)

const gmailCaps = "IMAP4rev1 IDLE MOVE UIDPLUS NAMESPACE LIST-EXTENDED SPECIAL-USE"

func only(lines ...string) []string { return append([]string{`() "/" "INBOX"`}, lines...) }

func TestTheJunkFolderByItsRole(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		tree []string
		caps string
		want string
		says string // instead, in what check shows
	}{
		"Exchange Online":                      {tree: exchange, want: "Junk Email"},
		"Exchange Online in German":            {tree: only(`() "/" "Junk-E-Mail"`, `() "/" "Gesendete Elemente"`), want: "Junk-E-Mail"},
		"Exchange Online in Polish":            {tree: only(`() "/" "Wiadomo&AVs-ci-&AVs-mieci"`), want: "Wiadomości-śmieci"},
		"a Welsh mailbox":                      {tree: only(`() "/" "Sothach"`), want: "Sothach"},
		"Gmail":                                {tree: gmail, caps: gmailCaps, want: "[Google Mail]/Spam"},
		"Gmail elsewhere, unasked":             {tree: only(`(\HasNoChildren \junk) "/" "[Gmail]/Spam"`, `() "/" "Spam"`), want: "[Gmail]/Spam"},
		"Cyrus, below INBOX":                   {tree: cyrus, caps: "IMAP4rev1 IDLE NAMESPACE", want: "INBOX.Junk"},
		"another program made one beside":      {tree: append(slices.Clone(exchange), `() "/" "Spam"`), says: `they are "Junk Email", "Spam"`},
		"two are marked":                       {tree: only(`(\Junk) "/" "A"`, `(\Junk) "/" "B"`), says: `they are "A", "B"`},
		"somebody's own folder is none":        {tree: only(`() "/" "Junk drawer"`, `() "/" "Not spam"`), says: `the server has "INBOX", "Junk drawer", "Not spam"`},
		"none at all":                          {tree: []string{}, says: "lists no folder at all"},
		"what is marked and cannot be opened":  {tree: only(`(\Junk \NonExistent) "/" "Junk"`), says: `the server has "INBOX"`},
		"a list that ends the connection":      {tree: only(`(\Junk) "/"`), says: ""},
		"a server that says what it cannot do": {tree: dutch, caps: "IMAP4rev1 IDLE SPECIAL-USE", want: "Ongewenste e-mail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, textMails(letters(2)...))
			s.change(func() {
				s.tree, s.prefix = row.tree, ""
				if row.caps != "" {
					s.caps = row.caps
				}
				if strings.HasPrefix(row.want, "INBOX.") {
					s.prefix = "INBOX."
				}
				s.plainList = row.caps == "IMAP4rev1 IDLE SPECIAL-USE"
			})
			m := onlyAt(t, s)
			m.Folder, m.Junk = JunkRole, true
			got, err := Probe(t.Context(), m)
			if row.want != "" {
				if err != nil || got.Folder != row.want || got.WouldTake != 2 || got.Warning != "" {
					t.Errorf("got %+v, %v; want %s", got, err, row.want)
				}
				return
			}
			trouble := asTrouble(t, err, FolderMissing)
			if !strings.Contains(trouble.Advice, "write its name into junk_folder") || !strings.Contains(trouble.Folders, row.says) || strings.Contains(err.Error(), "drawer") {
				t.Errorf("got %v; %q", err, trouble.Folders)
			}
		})
	}
}

// onlyAt is a mailbox for whoever needs no register behind it.
func onlyAt(t *testing.T, s *script) Mailbox {
	t.Helper()
	return (&desk{TB: t}).mailboxAt(s.addr)
}

// The cursor is kept by the folder's own name, so writing the role in its
// place later begins nothing anew.
func TestTheJunkFolderIsPolledByItsRole(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(2)...))
	s.change(func() { s.tree = exchange })
	m := d.mailboxAt(s.addr)
	m.Folder, m.Junk = "Junk Email", true
	named := d.poller(m)
	d.passes(named)
	m.Folder = JunkRole
	d.passes(d.poller(m))
	d.wantRows(named, 2)
	d.wantWhole(letters(2)...)
	if _, other, err := d.intake.Register.Cursor(t.Context(), m.Name+"/"+JunkRole); other || err != nil {
		t.Errorf("there is a second cursor: %v, %v", other, err)
	}
	for _, message := range d.messages() {
		if !message.Junk {
			t.Error("not marked as junk")
		}
	}
}

func asTrouble(t *testing.T, err error, want Trouble) *MailboxError {
	t.Helper()
	trouble, ok := err.(*MailboxError) //nolint:errorlint // Probe's error is one, and not around one
	if !ok || trouble.Trouble != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	return trouble
}

func TestAFolderInAnotherSpelling(t *testing.T) {
	t.Parallel()
	polish := `() "/" "Skargi/Wiadomo&AVs-ci"`
	for name, row := range map[string]struct {
		tree         []string
		prefix       string
		folder, want string
		says         string // instead
	}{
		"as it is":                        {tree: exchange, folder: "Archive", want: "Archive"},
		"the separator is a dot":          {tree: cyrus, folder: "INBOX/Complaints/Repairs", want: "INBOX.Complaints.Repairs"},
		"and all folders are below":       {tree: cyrus, prefix: "INBOX.", folder: "Complaints/Repairs", want: "INBOX.Complaints.Repairs"},
		"inbox in another case":           {tree: cyrus, folder: "Inbox.Sent", want: "INBOX.Sent"},
		"the separator is a slash":        {tree: only(`() "/" "Post/In"`), folder: "Post.In", want: "Post/In"},
		"a name as it is in Polish":       {tree: only(polish), folder: "Skargi/Wiadomości", want: "Skargi/Wiadomości"},
		"typed on a Mac":                  {tree: only(polish), folder: norm.NFD.String("Skargi/Wiadomości"), want: "Skargi/Wiadomości"},
		"as another program's log has":    {tree: only(polish), folder: "Skargi/Wiadomo&AVs-ci", want: "Skargi/Wiadomości"},
		"an ampersand":                    {tree: only(`() "/" "R&-D"`), folder: "R&D", want: "R&D"},
		"an ampersand in raw":             {tree: only(`() "/" "R&-D/X"`), folder: "R&-D/X", want: "R&D/X"},
		"two could be it":                 {tree: only(`() "/" "A.B"`, `() "/" "A/B"`), folder: `A\B`, says: `perhaps "A.B", "A/B" is meant`},
		"another case is not the same":    {tree: only(`() "/" "complaints"`), folder: "Complaints", says: `perhaps "complaints" is meant`},
		"a letter is wrong":               {tree: only(`() "/" "Complaints"`, `() "/" "Repairs"`), folder: "Complants", says: `perhaps "Complaints" is meant`},
		"the level above is missing":      {tree: only(`() "/" "Team/Complaints"`, `() "/" "Repairs"`), folder: "Complaints", says: `perhaps "Team/Complaints" is meant`},
		"names in raw UTF-8":              {tree: only(`() "/" "Skräppost"`), folder: "Complaints", says: `the server has "INBOX", "Skräppost"`},
		"nothing is like it":              {tree: only(`() "/" "Repairs"`), folder: "Complaints", says: `the server has "INBOX", "Repairs"`},
		"a name that is no folder":        {tree: gmail, folder: "[Google Mail]", says: `perhaps "[Google Mail]/`},
		"very many, with very long names": {tree: many(5000), folder: "Complaints", says: ` and 4988 more`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, textMails(letters(2)...))
			s.change(func() {
				s.tree, s.prefix = row.tree, row.prefix
				if row.prefix != "" {
					s.caps += " NAMESPACE"
				}
			})
			m := onlyAt(t, s)
			m.Folder = row.folder
			got, err := Probe(t.Context(), m)
			if row.want != "" {
				if err != nil || got.Folder != row.want || got.WouldTake != 2 {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			trouble := asTrouble(t, err, FolderMissing)
			if !strings.Contains(trouble.Folders, row.says) || len(trouble.Folders) > 1500 {
				t.Errorf("got %q", trouble.Folders)
			}
		})
	}
}

func many(n int) (tree []string) {
	for i := range n {
		tree = append(tree, fmt.Sprintf(`() "/" "%d %s"`, i, strings.Repeat("x", 200)))
	}
	return tree
}

// The filed folder is made where the server lets us make one, and found where
// it is already, however it is written.
func TestTheFiledFolderInTheServersSpelling(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, row := range map[string]struct {
		prefix, filed, want string
	}{
		"below INBOX, where all are": {"INBOX.", "Postroom", "INBOX.Postroom"},
		"two levels":                 {"INBOX.", "INBOX/Done/Postroom", "INBOX.Done.Postroom"},
		"one that is there":          {"INBOX.", "Sent", "INBOX.Sent"},
		"as it is":                   {"", "Postroom", "Postroom"},
	} {
		s := newScript(t, textMails(letters(3)...))
		s.change(func() { s.tree, s.prefix, s.caps = cyrus, row.prefix, s.caps+" NAMESPACE" })
		m := d.mailboxAt(s.addr)
		m.Name, m.FiledFolder = name, row.filed
		got, err := Probe(t.Context(), m)
		d.must(err)
		if got.FiledTo != row.want {
			t.Errorf("%s: will file into %q", name, got.FiledTo)
		}
		p := d.poller(m)
		d.passes(p)
		d.wantWhole(letters(3)...)
		d.wantRows(p, 3)
		if moves := s.count(`UID MOVE 1:3 "` + row.want + `"`); moves != 1 {
			t.Errorf("%s: %q", name, s.commands)
		}
	}
}

// What holds all mail again, or what was sent, is no folder for post; after a
// restore it is looked through all the same.
func TestFoldersThatHoldOtherMailThanPost(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var last *Poller
	for _, folder := range []string{"[Google Mail]/All Mail", "[Google Mail]/Sent Mail", "[Google Mail]/Drafts"} {
		s := newScript(t, textMails(letters(2)...))
		s.change(func() { s.tree, s.caps = gmail, gmailCaps })
		m := d.mailboxAt(s.addr)
		m.Folder = folder
		_, err := Probe(t.Context(), m)
		if trouble := asTrouble(t, err, WrongFolder); !strings.Contains(trouble.Error(), "name INBOX") {
			t.Error(err)
		}
		last = d.poller(m)
		_ = asTrouble(t, d.pass(last), WrongFolder)
		d.wantWhole()
	}
	d.must(last.TakeAll(t.Context()))
	d.wantWhole(letters(2)...)
}

func TestCheckKnowsWhatFoldersAreFor(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		folder, filed string
		junk          bool
		want          string
	}{
		"well":                      {"INBOX", "Repairs", false, ""},
		"junk as post":              {"[Google Mail]/Spam", "", false, "name it in junk_folder"},
		"junk as junk":              {"[Google Mail]/Spam", "", true, ""},
		"post as junk":              {"Repairs", "", true, `junk folder seems to be "[Google Mail]/Spam"`},
		"filed where it is deleted": {"INBOX", "[Google Mail]/Bin", false, "deletes what is filed there"},
		"filed among all mail":      {"INBOX", "[Google Mail]/All Mail", false, "after a restore"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, textMails(letters(1)...))
			s.change(func() { s.tree, s.caps = gmail, gmailCaps })
			m := onlyAt(t, s)
			m.Folder, m.FiledFolder, m.Junk = row.folder, row.filed, row.junk
			got, err := Probe(t.Context(), m)
			if err != nil || got.JunkFolder != "[Google Mail]/Spam" || row.want == "" && got.Warning != "" || !strings.Contains(got.Warning, row.want) {
				t.Errorf("got %q, %v", got.Warning, err)
			}
		})
	}
}

// A server whose list of folders cannot be read is polled all the same, after
// some tries; check says what it could not see.
func TestAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(2)...))
	s.change(func() { s.tree = []string{`() "/" "Post"`, `(( "/" "Post"`} })
	m := d.mailboxAt(s.addr)
	m.Folder, m.FiledFolder = "Post", "Filed"
	got, err := Probe(t.Context(), m)
	if err != nil || !strings.Contains(got.Warning, "list of folders cannot be read") {
		t.Errorf("got %+v, %v", got, err)
	}
	if failed := d.passes(d.poller(m)); failed != listlessAfter {
		t.Errorf("%d tries failed", failed)
	}
	d.wantWhole(letters(2)...)
}

// A filed folder that is, under another spelling, the folder itself: moved
// there, each mail would come back as a new one, for ever.
func TestFiledIntoItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newScript(t, textMails(letters(3)...))
	s.change(func() {
		s.tree, s.prefix, s.caps = []string{`() "." "INBOX"`, `() "." "INBOX.Complaints"`}, "INBOX.", s.caps+" NAMESPACE"
	})
	m := d.mailboxAt(s.addr)
	m.Folder, m.FiledFolder = "INBOX.Complaints", "Complaints"
	p := d.poller(m)
	d.passes(p)
	if n := s.count("UID MOVE"); n > 0 {
		t.Errorf("%d moves", n)
	}
	d.wantWhole(letters(3)...)
	if !d.log.has("the filed folder is the folder that mail is taken from") {
		t.Error("nobody is told")
	}
}
