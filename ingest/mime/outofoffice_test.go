package mime

import (
	"strings"
	"testing"
)

// TestWordsOfMachines tells automatic mail without any header sign from
// residents who write of machines, offices and holidays.
func TestWordsOfMachines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		subject, text string
		want          Automatic
	}{
		{"Automatic reply: your letter", "Thank you for your email. I am out of the office until Monday.", AutoReply},
		{"Re: your letter", "Thank you for your email. I am out of the office until Monday 9 March and will reply on my return.", AutoReply},
		{"Re: your letter", "Hi Jo,\n\nThanks for your message. I'm currently on annual leave. For urgent matters please ring reception.", AutoReply},
		{"Out of Office Re: your letter", "I am on annual leave.", AutoReply},
		{"AutoReply: your letter", "We have received your email.", AutoReply},
		{"[Auto-Reply] your letter", "We got it.", AutoReply},
		{"(Autoresponder) your letter", "Thank you.", AutoReply},
		{"Réponse automatique : votre lettre", "Je suis en congé.", AutoReply},
		{"Abwesend: Ihr Brief", "Ich bin im Urlaub.", AutoReply},
		{"Automatisch antwoord: uw brief", "Ik ben met vakantie.", AutoReply},
		{"自動応答: お手紙", "不在です。", AutoReply},
		{"Read: your letter", "Your message\n\nTo: Complaints\nSubject: your letter\n\nwas read on Monday, 2 March 2026 10:00.", ReadReceipt},
		{"Not read: your letter", "Your message\n\nTo: Complaints\n\nwas deleted without being read on Monday, 2 March 2026 10:00.", ReadReceipt},
		{"Report domain: larkmere.example.org Submitter: isp.example Report-ID: <1>", "", Bulk},

		{"Out of office hours nobody answers", "I rang out of office hours and nobody answered.", None},
		{"Re: Automatic reply: my complaint", "Your automated message says this mailbox is not monitored. How do I complain?", None},
		{"your automatic reply", "I got an automatic reply. Nobody reads anything. I will be back if this is not fixed.", None},
		{"Re: visit", "Thank you for your email. I am on annual leave that week, so Tuesday suits me. Please come before ten.", None},
		{"Re: visit", "Thank you for your email, but nobody came while I was out of the office and I had lost a day's pay.", None},
		{"On holiday with no heating", "I am on holiday from 3 March and will return on 9 March. Please mend the boiler then.", None},
		{"Automatic door", "The automatic door is broken.", None},
		{"Read: the meter", "Your message said that you would read it. Nobody did.", None},
		{"Report", "Report domain and submitter are what you asked me for.", None},
	} {
		t.Run(tt.subject+" "+tt.text[:min(len(tt.text), 20)], func(t *testing.T) {
			t.Parallel()
			m := Read(t.Context(), strings.NewReader("From: jo@example.net\nTo: complaints@larkmere.example.org\nSubject: "+tt.subject+"\n\n"+tt.text+"\n"), landlord())
			if m.Automatic != tt.want || (m.AutomaticWhy == "") != (tt.want == None) {
				t.Errorf("%s (%s), want %s", m.Automatic, m.AutomaticWhy, tt.want)
			}
		})
	}
}
