package ingest

import (
	"strings"
	"testing"
)

// belowInbox is a Dovecot whose folders are all below INBOX, as Cyrus and
// Courier have them, that marks its folders and lets nobody in three times.
const belowInbox = `
passdb {
  driver = static
  args = password=secret
}
namespace inbox {
  inbox = yes
  prefix = INBOX.
  separator = .
  mailbox "Spam Post" {
    special_use = \Junk
    auto = create
  }
  mailbox Everything {
    special_use = \All
    auto = create
  }
  mailbox "Größe & Maß" {
    auto = create
  }
}
protocol imap {
  mail_max_userip_connections = 2
}
`

// A real server's separator, prefix, roles, names and limit.
func TestDovecotsFolders(t *testing.T) {
	t.Parallel()
	addr := ownDovecot(t, "", belowInbox)
	d := newDesk(t)
	m := d.mailboxAt(addr)
	m.User = "folders"

	junk := m
	junk.Name, junk.Folder, junk.Junk = "junk", JunkRole, true
	d.deliverTo(m, `"INBOX.Spam Post"`, letter(1))
	d.passes(d.poller(junk))
	found, err := Probe(t.Context(), junk)
	d.must(err)
	if found.Folder != "INBOX.Spam Post" || found.Mails != 1 || found.Warning != "" {
		t.Errorf("got %+v", found)
	}

	m.FiledFolder = "Done/Größe"
	d.deliverTo(m, "INBOX", letter(2))
	if found, err = Probe(t.Context(), m); err != nil || found.FiledFolder || found.FiledTo != "INBOX.Done.Größe" {
		t.Errorf("got %+v, %v", found, err)
	}
	p := d.poller(m)
	d.passes(p)
	d.wantRows(p, 1)
	for _, spelling := range []string{"Done/Größe", "INBOX/Done/Größe", "INBOX.Done.Größe", "Done.Gr&APYA3w-e"} {
		filed := m
		filed.Folder, filed.FiledFolder = spelling, ""
		if found, err = Probe(t.Context(), filed); err != nil || found.Mails != 1 || found.Folder != "INBOX.Done.Größe" {
			t.Errorf("%s: got %+v, %v", spelling, found, err)
		}
	}
	m.FiledFolder = "done/größe"
	if found, err = Probe(t.Context(), m); err != nil || found.FiledFolder {
		t.Errorf("another case is another folder: got %+v, %v", found, err)
	}

	m.FiledFolder = ""
	for folder, want := range map[string]Trouble{"Everything": WrongFolder, "Groesse & Mass": FolderMissing} {
		m.Folder = folder
		_, err := Probe(t.Context(), m)
		trouble := asTrouble(t, err, want)
		if want == FolderMissing && !strings.Contains(trouble.Folders, `"INBOX.Größe & Maß"`) {
			t.Errorf("the server's folders are %q", trouble.Folders)
		}
	}
	m.Folder = "Größe & Maß"
	if found, err = Probe(t.Context(), m); err != nil || found.Folder != "INBOX.Größe & Maß" {
		t.Errorf("got %+v, %v", found, err)
	}
	d.wantWhole(letters(2)...)
}

func TestDovecotHasTooManyConnections(t *testing.T) {
	t.Parallel()
	addr := ownDovecot(t, "", belowInbox)
	d := newDesk(t)
	m := d.mailboxAt(addr).withDefaults()
	for range 2 {
		s, err := connect(t.Context(), m)
		d.must(err)
		defer s.leave(t.Context())
	}
	_, err := connect(t.Context(), m)
	if trouble := asTrouble(t, err, Throttled); !strings.Contains(trouble.Error(), "nothing need be changed") {
		t.Error(err)
	}
}

// The shared one has its folders beside INBOX, and a dot between levels.
func TestDovecotsSeparator(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.dovecot()
	m.FiledFolder = "INBOX/Processed/By Postroom"
	d.deliverTo(m, "INBOX", letters(3)...)
	p := d.poller(m)
	d.passes(p)
	d.wantWhole(letters(3)...)
	d.wantRows(p, 3)
	m.Folder, m.FiledFolder = m.FiledFolder, ""
	if found, err := Probe(t.Context(), m); err != nil || found.Folder != "INBOX.Processed.By Postroom" || found.Mails != 3 {
		t.Errorf("got %+v, %v", found, err)
	}
}
