package mime

import (
	"strings"
	"testing"
)

func TestNewText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, want string
		start            bool // the mail begins a conversation
	}{
		{"Gmail", "Still wet.\n\nOn Mon, 2 Mar 2026 at 10:00, Complaints <c@larkmere.example.org> wrote:\n> Dear Jo\n> We will look.\n", "Still wet.", false},
		{"Gmail, folded over two lines", "Still wet.\n\nOn Mon, 2 Mar 2026 at 10:00, The Complaints Team at Larkmere\n<c@larkmere.example.org> wrote:\n\n> Dear Jo\n", "Still wet.", false},
		{"Apple Mail", "Still wet.\n\nSent from my iPhone\n\n> On 2 Mar 2026, at 10:00, Complaints <c@larkmere.example.org> wrote:\n> \n> Dear Jo\n", "Still wet.", false},
		{"unmarked below a certain line", "Still wet.\n\nOn 2 March 2026 at 10:00, Complaints <c@larkmere.example.org> wrote:\n\nDear Jo\nWe will look.\n", "Still wet.", false},
		{"Outlook", "Still wet.\n\n________________________________\nFrom: Complaints <c@larkmere.example.org>\nSent: 02 March 2026 10:00\nTo: Jo <jo@example.net>\nSubject: Your complaint\n\nDear Jo\n", "Still wet.", false},
		{"Outlook without a line", "Still wet.\n\nFrom: Complaints <c@larkmere.example.org>\nSent: 02 March 2026 10:00\nTo: Jo\nSubject: Your complaint\n\nDear Jo\n", "Still wet.", false},
		{"Outlook, bold", "Still wet.\n\n*From:* Complaints <c@larkmere.example.org>\n*Sent:* 02 March 2026 10:00\n*To:* Jo\n*Subject:* Your complaint\n\nDear Jo\n", "Still wet.", false},
		{"Outlook of old", "Still wet.\n\n-----Original Message-----\nFrom: Complaints\nSent: today\n\nDear Jo\n", "Still wet.", false},
		{"German Outlook", "Immer noch nass.\n\n-----Ursprüngliche Nachricht-----\nVon: X\n\nAlt\n", "Immer noch nass.", false},
		{"German attribution", "Immer noch nass.\n\nAm 2. März 2026 um 10:00 schrieb Complaints <c@larkmere.example.org>:\n> alt\n", "Immer noch nass.", false},
		{"French attribution", "Toujours mouillé.\n\nLe lun. 2 mars 2026 à 10:00, Complaints <c@larkmere.example.org> a écrit :\n> ancien\n", "Toujours mouillé.", false},
		{"Polish attribution", "Nadal mokro.\n\npon., 2 mar 2026 o 10:00 Complaints <c@larkmere.example.org> napisał(a):\n> stare\n", "Nadal mokro.", false},
		{"Romanian attribution", "Tot ud.\n\nÎn lun., 2 mar. 2026 la 10:00, Complaints <c@larkmere.example.org> a scris:\n> vechi\n", "Tot ud.", false},
		{"Polish header block", "Nadal mokro.\n\nOd: Complaints <c@larkmere.example.org>\nWysłano: poniedziałek, 2 marca 2026 10:00\nDo: Jo\nTemat: Skarga\n\nstare\n", "Nadal mokro.", false},
		{"Portuguese attribution", "Ainda molhado.\n\nComplaints <c@larkmere.example.org> escreveu (segunda, 2/03/2026 à(s) 10:00):\n\n> velho\n", "Ainda molhado.", false},
		{"Yahoo on a phone", "Still wet.\n\nSent from Yahoo Mail for iPhone\n\nOn Monday, March 2, 2026, 10:00 AM, Complaints <c@larkmere.example.org> wrote:\n\nDear Jo\n", "Still wet.", false},
		{"Samsung", "Still wet.\n\n-------- Original message --------\nFrom: Complaints\nDate: 02/03/2026 10:00 (GMT+00:00)\n\nold\n", "Still wet.", false},
		{"a company's last lines", "We act for Ms X.\n\nThis email may contain privileged information.\n\nFirm LLP is authorised and regulated by the SRA.\n", "We act for Ms X.", true},
		{"words below a disclaimer", "It leaks.\n\nThis email is confidential and intended for the addressee only.\n\nPS and the door is broken too.\n", "It leaks.\n\nThis email is confidential and intended for the addressee only.\n\nPS and the door is broken too.", true},
		{"answers between the lines", "See below.\n\nOn Mon, 2 Mar 2026 at 10:00, Complaints <c@larkmere.example.org> wrote:\n> When did it start?\nIn May.\n> Who came?\nNobody.\n", "See below.\n\nIn May.\nNobody.", false},
		{"answers below the quote", "> When did it start?\n\nIn May, as I told you.\n", "In May, as I told you.", false},
		{"an answer below a quote that has a dividing line", "On Mon, 2 Mar 2026 at 10:00, Complaints <c@larkmere.example.org> wrote:\n> We will look on Monday.\n> -----Original Message-----\n> From: Jo\n> It leaks.\n\nNobody came. I want to complain.\n", "Nobody came. I want to complain.", false},
		{"an answer below our marked line", "On Mon, 2 Mar 2026 at 10:00, Complaints <c@larkmere.example.org> wrote:\n> ##- Please type your reply above this line -##\n> Is it mended?\nNo, and I want to complain.\n", "No, and I want to complain.", false},
		{"answers between the lines below a dividing line", "See below.\n\n-----Original Message-----\nFrom: Complaints\nSent: 2 March 2026 10:00\nTo: Jo\nSubject: Your complaint\n\n> When did it start?\nIn May.\n> Who came?\nNobody.\n", "See below.\n\nIn May.\nNobody.", false},
		{"answers between the lines below Outlook's header", "See below.\n\nFrom: Complaints <c@larkmere.example.org>\nSent: 02 March 2026 10:00\nTo: Jo <jo@example.net>\nSubject: Your complaint\n\n> Who came?\nNobody.\n", "See below.\n\nNobody.", false},
		{"an old mail with a quote of its own", "Still wet.\n\n-----Original Message-----\nFrom: Complaints\nSent: today\n\nDear Jo\n> It leaks.\nWe will look.\n", "Still wet.", false},
		{"deep quoting", "Seven emails.\n\n> one\n>> two\n>>> three\n", "Seven emails.", false},
		{"our acknowledgement", "Thanks.\n\n##- Please type your reply above this line -##\n\nDear Jo\n", "Thanks.", false},
		{"dash signature", "It leaks.\n\n-- \nJo Bloggs\n12 Lark Road\n", "It leaks.", true},
		{"a dash in the middle", "It leaks.\n\n--\n" + strings.Repeat("And I have told you so many times that I lost count of it. ", 8) + "\n", "It leaks.\n\n--\n" + strings.TrimSpace(strings.Repeat("And I have told you so many times that I lost count of it. ", 8)), true},
		{"disclaimer", "It leaks.\n\nThis email and any attachments are confidential and intended solely for the addressee. If you have received this email in error please tell us.\n", "It leaks.", true},
		{"a resident on confidence", "This email is confidential. Please do not tell my ex where I live.\n", "This email is confidential. Please do not tell my ex where I live.", true},
		{"phone footer", "no heat\n\nSent from my Galaxy\n", "no heat", true},
		{"phone footer only", "Sent from Outlook for Android\n", "", true},
		{"get Outlook", "no heat\nGet Outlook for iOS<https://aka.ms/o0ukef>\n", "no heat", true},
		{"gateway's banner", "CAUTION: This email originated from outside the organisation. Do not click links.\n\nIt leaks.\n", "It leaks.", true},
		{"a resident who tells who wrote", "On 3 May your man wrote:\n\"no access\"\nThat is a lie, I was in.\n", "On 3 May your man wrote:\n\"no access\"\nThat is a lie, I was in.", true},
		{"a resident with arrows", "> no heat\n> no hot water\nPlease come.\n", "> no heat\n> no hot water\nPlease come.", true},
		{"a resident with many arrows", "> no heat\n> no hot water\n> nobody came\n> I want to complain\nPlease come.\n", "> no heat\n> no hot water\n> nobody came\n> I want to complain\nPlease come.", true},
		{"a resident with a drawn line", "It leaks.\n--------------------\nAnd the door is broken as well, for three weeks now.\n", "It leaks.\n--------------------\nAnd the door is broken as well, for three weeks now.", true},
		{"a resident with labels", "From: my kitchen\nTo: your office\nIt leaks.\n", "From: my kitchen\nTo: your office\nIt leaks.", true},
		{"only a forwarded mail", "---------- Forwarded message ---------\nFrom: Jo <jo@example.net>\nDate: Mon, 2 Mar 2026 at 10:00\nSubject: leak\nTo: <officer@larkmere.example.org>\n\nIt leaks.\n", "---------- Forwarded message ---------\nFrom: Jo <jo@example.net>\nDate: Mon, 2 Mar 2026 at 10:00\nSubject: leak\nTo: <officer@larkmere.example.org>\n\nIt leaks.", true},
		{"our own mail, sent on", "This is rubbish.\n\nBegin forwarded message:\n\nFrom: Complaints <c@larkmere.example.org>\nDate: 2 March 2026 at 10:00\nTo: jo@example.net\nSubject: Your complaint\n\nWe are sorry.\n", "This is rubbish.", true},
		{"a program nobody knows", "It leaks.\n\nSent from Surface\n", "It leaks.", true},
		{"a program that sends", "It leaks.\n\nSent using Hushmail", "It leaks.", true},
		{"virus scanner", "It leaks.\n\n---\nThis email has been checked for viruses by Avast antivirus software.\nhttps://www.avast.com/antivirus\n", "It leaks.", true},
		{"nothing new", "> old\n> older\n> oldest\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own := func(a string) bool { return strings.HasSuffix(a, "@larkmere.example.org") }
			got := newReader(!tt.start, own).newText(tt.text)
			if got != tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
			checkLines(t, got, tt.text)
		})
	}
}

// What looks like dividing lines, and is none, is looked at for so long: what
// stands below stays, however many texts the mail has.
func TestLinesAreLookedAtForSoLong(t *testing.T) {
	t.Parallel()
	const below = "-----Original Message-----\nFrom: you@larkmere.example.org\nOld words.\n"
	hostile := strings.Repeat("Abc def: a@b 2026-01-01 10:00 "+strings.Repeat("x", 70)+"\n", 1000)
	for _, row := range []struct {
		name  string
		texts int
		stays bool
	}{{"a log", 1, false}, {"many of them", 8, true}} {
		r := newReader(true, func(string) bool { return false })
		for range row.texts - 1 {
			r.newText(hostile)
		}
		if got := r.newText("New words.\n" + hostile + below); strings.Contains(got, "Old words.") != row.stays || !strings.HasPrefix(got, "New words.") {
			t.Errorf("%s: %d bytes are left, new are %.20q … %q", row.name, r.left, got, got[len(got)-20:])
		}
	}
}
