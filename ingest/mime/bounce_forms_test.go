package mime

import (
	"strings"
	"testing"
)

// TestBouncesOfManyServers has the notices of servers that are seen less often,
// as those servers set them out.
func TestBouncesOfManyServers(t *testing.T) {
	t.Parallel()
	const to = "To: complaints@larkmere.example.org\n"
	const returned = "Received: from x\nMessage-ID: <a.1@larkmere.example.org>\nFrom: complaints@larkmere.example.org\nTo: jo@example.net\nSubject: Your complaint\n\nDear Jo\n"
	for _, tt := range []struct {
		name, mail string
		kind       Automatic
		status     string
		permanent  bool
		original   string
	}{
		{
			"m-FILTER", "From: mf@gate.example.com\nX-Mailer: m-FILTER\n" + to + "Subject: failure notice\n\n以下のメールアドレスへの送信に失敗しました。\njo@example.net\n\n\n-------server message\n550 5.1.1 unknown user <jo@example.net>\n\n-------SMTP command\nDATA\n\n-------original message\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"unknown, brackets", "From: \"Mail Deliver System\" <MAILER-DAEMON@mx.example.com>\n" + to + "Subject: Returned Mail: \n\nThe original message was received at Mon, 2 Mar 2026 10:00:00 +0000\nfrom complaints@larkmere.example.org\n\n---The following addresses had delivery errors---\n\njo@example.net [User unknown]\n\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"EZweb", "From: <Postmaster@phone.example>\nReceived: from phone.example (x.phone.example [192.0.2.1])\n" + to + "Subject: Mail System Error - Returned Mail\n\nThe user(s) account is disabled.\n\n<jo@example.net>: 550 user unknown (in reply to RCPT TO command)\n\n--------------------------------------------------\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"EZweb, refused", "From: <Postmaster@phone.example>\n" + to + "Subject: Mail System Error - Returned Mail\n\nEach of the following recipients was rejected by a remote\nmail server.\n\n   Recipient: <jo@example.net>\n   >>> RCPT TO:<jo@example.net>\n   <<< 550 <jo@example.net>: User unknown\n\n--------------------------------------------------\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"EZweb, expired", "From: <Postmaster@phone.example>\n" + to + "Subject: Mail System Error - Returned Mail\n\nYour message was not delivered within 0 days and 1 hours.\nRemote host is not responding.\n\nThe following recipients did not receive this message:\n\n     <jo@example.net>\n\n--------------------------------------------------\n" + returned,
			Bounce, "4.4.7", false, "a.1@larkmere.example.org",
		},
		{
			"Oracle", "From: Internet Mail Delivery <postmaster@mx.example.com>\n" + to + "Subject: Delivery Notification: Delivery has failed\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\n\n--B\nContent-Type: text/plain\n\nThis report relates to a message you sent with the following header fields:\n\n  Message-id: <a.1@larkmere.example.org>\n  Date: Mon, 2 Mar 2026 10:00:00 +0000\n  From: complaints@larkmere.example.org\n  To: jo@example.net\n  Subject: x\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: jo@example.net\n  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 <jo@example.net>... User Unknown\n  Remote system: dns;mx.example.net (TCP|192.0.2.3|1|192.0.2.4|25)\n--B\nContent-Type: message/DELIVERY-STATUS\n\nReporting-MTA: dns;mx.example.com (tcp-daemon)\n\nOriginal-recipient: rfc822;jo@example.net\nFinal-recipient: rfc822;jo@example.net\nAction: failed\nStatus: 5.1.1 (Remote SMTP server has rejected address)\nDiagnostic-code: smtp;550 5.1.1 <jo@example.net>... User Unknown\n--B--\n",
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"InterScan", "From: \"InterScan MSS\" <gate@example.com>\n" + to + "Subject: Mail could not be delivered\n\n****** Message from InterScan Messaging Security Suite ******\n\nSent <<< RCPT TO:<jo@example.net>\nReceived >>> 550 5.1.1 <jo@example.net>... user unknown\n\nUnable to deliver message to <jo@example.net>.\n\n************************     End of message     **********************\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"IMail", "From: \"Postmaster\" <postmaster@mx.example.com>\nX-Mailer: <SMTP32 v8.22>\n" + to + "Subject: Undeliverable Mail\n\nUnknown user: jo@example.net\n\nOriginal message follows.\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"IMail, full", "From: \"Postmaster\" <postmaster@mx.example.com>\n" + to + "Subject: Undeliverable Mail\n\nUser mailbox exceeds allowed size: jo@example.net\n\nOriginal message follows.\n\n" + returned,
			Bounce, "5.2.2", false, "a.1@larkmere.example.org",
		},
		{
			"1&1", "From: \"Mail Delivery System\" <mailer-daemon@kunden.example>\n" + to + "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. The following address failed:\n\njo@example.net\n\nFor the following reason:\n\nMail size limit exceeded. For explanation visit\nhttps://postmaster.example.com/errors\n\n--- The header of the original message is following. ---\n\n" + returned,
			Bounce, "5.3.4", true, "a.1@larkmere.example.org",
		},
		{
			"1&1, reason", "From: \"Mail Delivery System\" <mailer-daemon@kunden.example>\n" + to + "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error.\n\nThe following address failed:\n\n    jo@example.net:\n    SMTP error from remote server for TEXT command, host: mx.example.net (192.0.2.65)\n    reason: 550 5.2.0 Mail rejected. ofr_506 [506]\n\n--- The header of the original message is following. ---\n\n" + returned,
			Bounce, "5.2.0", true, "a.1@larkmere.example.org",
		},
		{
			"Zoho", "From: mailer-daemon@mail.example.com\nX-ZohoMail: UW\n" + to + "Subject: Undelivered Mail Returned to Sender\n\nThis message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\njo@example.net Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <jo@example.net>... User Unknown\n\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"Zoho, delay", "From: mailer-daemon@mail.example.com\n" + to + "Subject: Mail Delivery Status Notification (Delay)\n\nThis message was created automatically by mail delivery software.\nA message that you sent has not been delivered yet.\n\n[Status: Error, Address: <jo@example.net>, ResponseCode 421, , Host not reachable.]\n\n" + returned,
			Delay, "", false, "a.1@larkmere.example.org",
		},
		{
			"text messages", "From: post_master@text.example\n" + to + "Subject: Undeliverable Message\n\nError: 550 - Requested action not taken: no such user here\n\nMessage details:\n  Subject: Test\n  Sent date: Mon Mar 02 10:00:00 GMT 2026\n  MAIL FROM: complaints@larkmere.example.org\n  RCPT TO: jo@example.net\n  From: complaints@larkmere.example.org\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"Google Groups", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: jo@example.net\nX-Google-Smtp-Source: APX\n" + to + "Subject: Delivery Status Notification (Failure)\n\nHello complaints@larkmere.example.org,\n\nWe're writing to let you know that the group you tried to contact (jo) may not exist, or you may not have permission to post messages to the group.\n\nThanks,\n\nGoogle Groups\n\n----- Original message -----\n\nMessage-ID: <a.1@larkmere.example.org>\nSubject: x\n",
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"Exchange 2007", "From: Microsoft Outlook <postmaster@corp.example>\n" + to + "Subject: Undeliverable: Your complaint\nContent-Language: en-US\n\nDelivery has failed to these recipients or groups:\n\nJo Bloggs (jo@example.net)\nThe e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.corp.example\n\njo@example.net\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n\nMessage-ID: <a.1@larkmere.example.org>\nSubject: Your complaint\n",
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"Exchange 365", "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@corp.example>\n" + to + "Subject: Undeliverable: Your complaint\n\nYour message to jo@example.net couldn't be delivered.\n\njo wasn't found at example.net.\n\nOriginal Message Details\nCreated Date:   3/2/2026 10:00:00 AM\nSender Address: complaints@larkmere.example.org\nRecipient Address:      jo@example.net\nSubject:        Your complaint\n\nError Details\nReported error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jo@example.net not found by SMTP address lookup\nDSN generated by:       X.corp.example\n\nOriginal Message Headers\n\nMessage-ID: <a.1@larkmere.example.org>\n",
			Bounce, "5.1.10", true, "a.1@larkmere.example.org",
		},
		{
			"Notes, reasons", "From: postmaster@notes.example\n" + to + "Subject: Undeliverable message\n\n------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\njo@example.net\n\n------- Returned Message --------\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"this user has no account", "From: MAILER-DAEMON@mx.example.com\n" + to + "Subject: Delivery failure\n\nMessage from mx.example.com.\nUnable to deliver message to the following address(es).\n\n<jo@example.net>:\nThis user doesn't have a example.net account (jo@example.net) [0]\n\n--- Original message follows.\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"a star", "From: Mail Delivery System <noreply@mx.example.com>\n" + to + "Subject: Delivery status notification\n\n============================================================================\n      This is an automatically generated Delivery Status Notification.     \n\nDelivery to the following recipients failed permanently:\n\n  * jo@example.net\n\n\n============================================================================\n                            Technical details:                             \n\nSMTP:RCPT host 192.0.2.8: 553 5.3.0 <jo@example.net>... No such user here\n\n\n",
			Bounce, "5.3.0", true, "",
		},
		{
			"Courier", "From: \"Courier mail server at mx.example.com\" <@>\n" + to + "Subject: NOTICE: mail delivery status.\n\nThis is a delivery status notification from mx.example.com,\nrunning the Courier mail server, version 0.65.2.\n\nThe original message was received on Mon, 2 Mar 2026 10:00:00 +0000\nfrom larkmere.example.org (192.0.2.1)\n\n---------------------------------------------------------------------------\n\n                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<jo@example.net>:\n    mx.example.net [192.0.2.74]:\n>>> RCPT TO:<jo@example.net>\n<<< 550 5.1.1 <jo@example.net>... User Unknown\n\n---------------------------------------------------------------------------\n\nIf your message was also sent to additional recipients, their delivery\nstatus is not included in this report.\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"OpenSMTPD", "From: Mailer Daemon <MAILER-DAEMON@mx.example.com>\n" + to + "Subject: Delivery status notification: error\n\n    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\njo@example.net: 550 5.1.1 <jo@example.net>: Recipient address rejected\n\n    Below is a copy of the original message:\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"OpenSMTPD, delay", "From: Mailer Daemon <MAILER-DAEMON@mx.example.com>\n" + to + "Subject: Delivery status notification: warning\n\n    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    A message is delayed for more than 4 hours for the following list of recipients:\n\njo@example.net: No MX found for domain\n\n    Please note that this is only a temporary failure report.\n",
			Delay, "", false, "",
		},
		{
			"MailFoundry", "From: MAILER-DAEMON@gate.example\n" + to + "Subject: Message delivery has failed\n\nThis is a MIME encoded message.\n\nUnable to deliver message to: <jo@example.net>\nDelivery failed for the following reason:\nServer mx.example.net[192.0.2.222] failed with: 550 <jo@example.net> No such user here\n\nThis has been a permanent failure.  No further delivery attempts will be made.\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"Mimecast", "From: <postmaster@gate.example>\nReturn-Path: <>\n" + to + "Subject: [Postmaster] Email Delivery Failure\n\nMessage has bounced with following details:\n\nThis is a message from the mail gateway.\nThe following address had delivery failures: jo@example.net\nReason: 550 5.1.1 User unknown\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"GMX", "From: GMX Mailer Daemon <mailer-daemon@gmx.example>\n" + to + "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n\"jo@example.net\":\nSMTP error from remote server after RCPT command:\nhost: mx.example.net\n5.1.1 <jo@example.net>... User Unknown\n\n\n--- The header of the original message is following. ---\n\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"T-Online", "From: Mail Delivery System <mailer-daemon@t-mail.example>\n" + to + "Subject: Mail delivery failed\n\nIhre Nachricht konnte nicht zugestellt werden.\n\n|------------------------- Message log follows: -------------------------|\n no valid recipients were found for this message\n|------------------------- Failed addresses follow: ---------------------|\n <jo@example.net> ... unknown host\n|------------------------- Message text follows: ------------------------|\n" + returned,
			Bounce, "5.1.2", true, "a.1@larkmere.example.org",
		},
		{
			"MXLogic", "From: Mail Delivery System <mailer-daemon@gate.example>\nX-MXL-Hash: abc\n" + to + "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  <jo@example.net>: 550 5.1.1 <jo@example.net>... User Unknown\n\nIncluded is a copy of the message header:\n-----------------------------------------\n" + returned,
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"Exim, frozen", "From: Mail Delivery System <Mailer-Daemon@host.example>\n" + to + "Subject: Message 1a2b3c-000000-AA frozen\n\nMessage 1a2b3c-000000-AA has been frozen.\nThe sender is <complaints@larkmere.example.org>.\n\nThe following address(es) have yet to be delivered:\n\n  jo@example.net: retry timeout exceeded\n",
			Bounce, "4.4.1", false, "",
		},
		{
			"vpopmail", "From: <mailer-daemon@mx.example>\nReturn-Path: <>\n" + to + "Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<jo@example.net>:\nUser is over the quota.  You can try again later.\n\n--- Enclosed are the original headers of the message.\n" + returned,
			Bounce, "5.2.2", false, "a.1@larkmere.example.org",
		},
		{
			"French Exchange", "From: Microsoft Outlook <postmaster@corp.example>\n" + to + "Subject: Non remis : Your complaint\n\nÉchec de la remise pour ces destinataires ou groupes :\n\nJo (jo@example.net)\nL'adresse de messagerie que vous avez entrée est introuvable.\n\nInformations de diagnostic pour les administrateurs :\n\nServeur de génération : mx.corp.example\n\njo@example.net\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nEn-têtes de message d'origine :\n\nMessage-ID: <a.1@larkmere.example.org>\n",
			Bounce, "5.1.1", true, "a.1@larkmere.example.org",
		},
		{
			"Italian Exchange", "From: Microsoft Outlook <postmaster@corp.example>\n" + to + "Subject: Non recapitabile: Your complaint\n\nRecapito non riuscito per i seguenti destinatari o gruppi:\n\njo@example.net\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
			Bounce, "5.1.1", true, "",
		},
		{
			"a virus gateway", "From: MAILER-DAEMON <>\n" + to + "Subject: VIRUS (Eicar) IN YOUR MAIL\n\nYour message to jo@example.net was not delivered: it contains a virus.\n550 5.7.1 virus detected\n",
			Bounce, "5.7.1", true, "",
		},
		{
			"challenge", "From: jo@example.net\nReturn-Path: <>\nAuto-Submitted: auto-replied\n" + to + "Subject: Please confirm your message\n\nTo have your mail delivered, reply to this message.\n",
			AutoReply, "", false, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := Read(t.Context(), strings.NewReader(tt.mail), landlord())
			want := BounceReport{Recipient: "jo@example.net", Status: tt.status, Permanent: tt.permanent, OriginalMessageID: tt.original}
			if tt.kind == AutoReply {
				want = BounceReport{}
			}
			if m.Automatic != tt.kind || m.Bounce != want {
				t.Errorf("got %s (%s) %+v, want %s %+v", m.Automatic, m.AutomaticWhy, m.Bounce, tt.kind, want)
			}
		})
	}
}
