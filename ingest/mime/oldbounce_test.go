package mime

import (
	"strings"
	"testing"
)

// The bounces of servers that do not write RFC 3464, set out as those servers
// set them out.
func TestOldBounces(t *testing.T) {
	t.Parallel()
	const to = "To: complaints@larkmere.example.org\n"
	for _, tt := range []struct {
		name, mail string
		kind       Automatic
		recipient  string
		status     string
		permanent  bool
		original   string
	}{
		{
			"qmail", "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\n" + to + "Subject: failure notice\n\n" +
				"Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n" +
				"This is a permanent error; I've given up. Sorry it didn't work out.\n\n<jo@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n" +
				"--- Below this line is a copy of the message.\n\nReturn-Path: <complaints@larkmere.example.org>\nMessage-ID: <a.1@larkmere.example.org>\nSubject: Your complaint\n\nDear Jo, 550 5.7.1\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"qmail over SMTP", "From: MAILER-DAEMON@mx.example.net\n" + to + "Subject: failure notice\n\n" +
				"Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n" +
				"<jo@example.net>:\n192.0.2.9 does not like recipient.\nRemote host said: 550 <jo@example.net>: User unknown\nGiving up on 192.0.2.9.\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"exim", "Return-path: <>\nX-Failed-Recipients: jo@example.net\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@host.example.org>\n" + to +
				"Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n" +
				"A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n" +
				"  jo@example.net\n    SMTP error from remote mail server after RCPT TO:<jo@example.net>:\n    host mx.example.net [192.0.2.9]: 550 5.1.1 <jo@example.net>: Recipient address rejected\n\n" +
				"------ This is a copy of the message, including all the headers. ------\n\nReceived: from x\nMessage-Id: <a.2@larkmere.example.org>\nSubject: x\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.2@larkmere.example.org",
		},
		{
			"exim unrouteable", "X-Failed-Recipients: jo@example.net\nFrom: Mail Delivery System <Mailer-Daemon@host.example.org>\n" + to +
				"Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n" +
				"A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  jo@example.net\n    Unrouteable address\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"exim delay", "From: Mail Delivery System <Mailer-Daemon@host.example.org>\n" + to +
				"Subject: Warning: message 1abcde-000 delayed 24 hours\n\nThis message was created automatically by mail delivery software.\n" +
				"A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on host.example.org.\n\n" +
				"The address to which the message has not yet been delivered is:\n\n  jo@example.net\n\nNo action is required on your part.\n",
			Delay, "jo@example.net", "", false, "",
		},
		{
			"sendmail transcript", "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\n" + to + "Subject: Returned mail: see transcript for details\n\n" +
				"The original message was received at Mon, 2 Mar 2026 10:00:00 GMT\nfrom localhost [127.0.0.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<jo@example.net>\n    (reason: 550 5.1.1 User unknown)\n\n" +
				"   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> DATA\n<<< 550 5.1.1 User unknown\n550 5.1.1 <jo@example.net>... User unknown\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"sendmail 5", "From: Mail Delivery Subsystem <MAILER-DAEMON>\n" + to + "Subject: Returned mail: User unknown\n\n   ----- Transcript of session follows -----\n" +
				"While talking to mx.example.net:\n>>> RCPT To:<jo@example.net>\n<<< 550 <jo@example.net>... User unknown\n550 <jo@example.net>... User unknown\n\n   ----- Unsent message follows -----\nMessage-Id: <a.3@larkmere.example.org>\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.3@larkmere.example.org",
		},
		{
			"postfix without a report", "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net (Mail Delivery System)\n" + to + "Subject: Undelivered Mail Returned to Sender\n\n" +
				"This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n" +
				"<jo@example.net>: host mx2.example.net[192.0.2.9] said: 552 5.2.2 Mailbox full\n    (in reply to RCPT TO command)\n",
			Bounce, "jo@example.net", "5.2.2", false, "",
		},
		{
			"gmail of old", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n" + to + "Subject: Delivery Status Notification (Failure)\nX-Failed-Recipients: jo@example.net\n\n" +
				"Delivery to the following recipient failed permanently:\n\n     jo@example.net\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the recipient domain. The error that the other server returned was: 550 550 5.1.1 <jo@example.net>: User unknown (state 14).\n\n" +
				"   ----- Original message -----\n\nMessage-ID: <a.4@larkmere.example.org>\nSubject: x\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.4@larkmere.example.org",
		},
		{
			"exchange 5.5", "From: System Administrator <postmaster@example.net>\n" + to + "Subject: Undeliverable: Your complaint\nX-Mailer: Internet Mail Service (5.5.2653.19)\n\n" +
				"Your message\n\n  To:      jo@example.net\n  Subject: Your complaint\n  Sent:    Mon, 2 Mar 2026 10:00:00 -0000\n\ndid not reach the following recipient(s):\n\njo@example.net on Mon, 2 Mar 2026 10:00:03 -0000\n" +
				"    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=gb;a= ;p=example;l=X\n    MSEXCH:IMS:EXAMPLE:HQ:MX 0 (000C05A6) Unknown Recipient\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"notes", "From: postmaster@example.net\n" + to + "Subject: DELIVERY FAILURE: User jo (jo@example.net) not listed in Domino Directory\n\n" +
				"Your message\n\n  Subject: Your complaint\n\nwas not delivered to:\n\n  jo@example.net\n\nbecause:\n\n  User jo (jo@example.net) not listed in Domino Directory\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"yahoo", "From: MAILER-DAEMON@yahoo.example\n" + to + "Subject: Failure Notice\n\nSorry, we were unable to deliver your message to the following address.\n\n<jo@example.net>:\n554: 5.4.4: This user doesn't have a yahoo.example account (jo@example.net) [0]\n",
			Bounce, "jo@example.net", "5.4.4", true, "",
		},
		{
			"over quota in words", "From: Mail Administrator <Postmaster@isp.example>\n" + to + "Subject: Mail System Error - Returned Mail\n\nThis Message was undeliverable due to the following reason:\n\n" +
				"The user(s) account is temporarily over quota.\n\n<jo@example.net>\n\nPlease reply to Postmaster@isp.example\n",
			Bounce, "jo@example.net", "5.2.2", false, "",
		},
		{
			"dragonfly", "From: MAILER-DAEMON <>\n" + to + "Subject: Mail delivery failed\n\nThis is the DragonFly Mail Agent v0.13 at df.example.org.\n\nThere was an error delivering your mail to <jo@example.net>.\n\n" +
				"mx.example.net [192.0.2.9] did not like our RCPT TO:\n550 5.1.1 no such user\n\nMessage headers follow.\n\nMessage-Id: <a.5@larkmere.example.org>\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.5@larkmere.example.org",
		},
		{"James", "From: postmaster@mx.example.net\n" + to + "Subject: [BOUNCE] Your complaint\n\nHi. This is the James mail server at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n" +
			"This is a permanent error; I've given up.\n\njo@example.net\n550 5.1.1 no such user\n", Bounce, "jo@example.net", "5.1.1", true, ""},
		{"trouble delivering", "From: mailer <mailer@mx.example.net>\n" + to + "Subject: There was an error sending your mail\n\nWe had trouble delivering your message. Full details follow:\n\nSubject: 'x'\n\n1 error(s):\n\n" +
			"SMTP Server <mx2.example.net> rejected recipient <jo@example.net>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n", Bounce, "jo@example.net", "5.1.1", true, ""},
		{
			"a phone company", "From: <no-reply@phones.example>\nReturn-Path: <>\n" + to + "Subject: Mail undeliverable\n\nYour mail sent on: Thu, 5 Mar 2026 11:04:47 +0000\n    Could not be delivered to: <jo@example.net>\n    As their mailbox is full.\n",
			Bounce, "jo@example.net", "5.2.2", false, "",
		},
		{
			"a gateway", "From: MAILER-DAEMON <postmaster@gate.example>\n" + to + "Subject: Undeliverable Mail: Your complaint\n\nYour message:\n   From:    complaints@larkmere.example.org\n   Subject: Your complaint\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    jo@example.net\n",
			Bounce, "jo@example.net", "5.1.1", true, "",
		},
		{
			"a report without its part", "From: x <postmaster@mx.example.net>\n" + to + "Subject: Delivery failure\nContent-Type: multipart/report; boundary=b\n\n--b\n\nCould not deliver to jo@example.net: 550 5.1.1 no such user\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <a.6@larkmere.example.org>\nTo: jo@example.net\n\nDear Jo\n--b--\n",
			Bounce, "jo@example.net", "5.1.1", true, "a.6@larkmere.example.org",
		},
		{"a resident who sends a bounce on", "From: Jo <jo@example.net>\n" + to + "Subject: Fwd: Undeliverable: my complaint\n\nYour mailbox refused my mail, see below. Not good enough.\n\n550 5.1.1 User unknown\nMessage-ID: <a.7@example.net>\n", None, "", "", false, ""},
		{
			"a resident who attaches a bounce", "From: Jo <jo@example.net>\n" + to + "Subject: my complaint came back\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nSee this.\n--a\nContent-Type: message/rfc822\n\nFrom: mailer-daemon@mx.example.net\nSubject: Undeliverable\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822;x@example.org\nAction: failed\nStatus: 5.1.1\n--b--\n--a--\n",
			None, "", "", false, "",
		},
		{
			"a resident who writes of an undelivered parcel", "From: Jo <jo@example.net>\n" + to + "Subject: Delivery failed again\n\nThe courier could not deliver to our block, the door was broken. 550 Lark Road.\n",
			None, "", "", false, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, end := range []string{"\n", "\r\n", "\r"} {
				m := Read(t.Context(), strings.NewReader(strings.ReplaceAll(tt.mail, "\n", end)), landlord())
				want := BounceReport{Recipient: tt.recipient, Status: tt.status, Permanent: tt.permanent, OriginalMessageID: tt.original}
				if m.Automatic != tt.kind || m.Bounce != want {
					t.Errorf("line end %q: got %s (%s) %+v, want %s %+v", end, m.Automatic, m.AutomaticWhy, m.Bounce, tt.kind, want)
				}
			}
		})
	}
}
