package web_test

import (
	"net/http"
	"testing"

	"postroom/internal/register"
)

// How many mails wait in a mailbox is said only while it can be read.
func TestTheStatusOfMailboxes(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	for _, step := range []struct {
		poll register.MailboxStatus
		want string
	}{
		{register.MailboxStatus{Problem: "no IMAP server answers"}, "Never read; how many mails wait is not known"},
		{register.MailboxStatus{PolledAt: h.clock.Now(), Backlog: 3}, "Last read Mon 23 Nov 10:00; 3 mails still to take in"},
		{register.MailboxStatus{Problem: "no IMAP server answers"}, "with 3 mails still to take in; how many wait now is not known"},
	} {
		step.poll.Mailbox = "complaints"
		must(t, h.register.NotePoll(t.Context(), step.poll))
		b.get("/status").want(t, http.StatusOK, step.want)
	}
}
