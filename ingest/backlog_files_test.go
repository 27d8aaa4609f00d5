package ingest

import "testing"

func TestJunkOfABacklog(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		path          string
		mailbox, junk bool
	}{
		{"mail/.Junk/cur/1.a:2,S", false, true},
		{"mail/.INBOX.Spam/new/1.a", false, true},
		{"Junk E-Mail/1.eml", false, true},
		{"Takeout/Mail/Spam.mbox", true, true},
		{"ImapMail/imap.example.org/Junk", true, true},
		{"Export/Junk.mbox/mbox", true, true},
		{"Courrier indésirable/1.eml", false, true},
		{"Inbox.mbox/mbox", true, false},
		{"mail/junk.eml", false, false},
		{"Junk drawer/1.eml", false, false},
	} {
		if got := inJunk(row.path, row.mailbox); got != row.junk {
			t.Errorf("%s: junk is %t", row.path, got)
		}
	}
}
