package mime

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, charset, raw, want string }{
		{"utf-8", "utf-8", "caf\xc3\xa9 £", "café £"},
		{"label missing, utf-8", "", "caf\xc3\xa9", "café"},
		{"label missing, windows-1252", "", "caf\xe9 \x93x\x94", "café “x”"},
		{"label lies: says utf-8", "utf-8", "caf\xe9 \x80 5", "café € 5"},
		{"one wrong byte in much utf-8", "utf-8", "łą\xc5\x82\xa3 ść", "łął£ ść"},
		{"label lies: says latin-1, is utf-8", "iso-8859-1", "caf\xc3\xa9", "café"},
		{"label lies: says ascii", "us-ascii", "caf\xe9", "café"},
		{"latin-1 is windows-1252", "ISO-8859-1", "\x80 \x92", "€ ’"},
		{"latin-2", "iso-8859-2", "\xb3\xf3d\xbc", "łódź"},
		{"windows-1250", "cp1250", "\xb3\xf3d\x9f", "łódź"},
		{"windows-1251", "windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
		{"koi8-r", "koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
		{"gb2312 with a sign beyond it", "gb2312", "\xc4\xe3\xba\xc3\xa2\xe3", "你好€"},
		{"big5", "big5", "\xa7A\xa6n", "你好"},
		{"shift_jis with a sign of cp932", "shift_jis", "\x87\x40", "①"},
		{"iso-2022-jp", "iso-2022-jp", "\x1b$B$3$s\x1b(B", "こん"},
		{"euc-kr", "ks_c_5601-1987", "\xbe\xc8\xb3\xe7", "안녕"},
		{"code page with a dash", "cp-850", "caf\x82", "café"},
		{"a parameter in the label", "\"utf-8;format=flowed\"", "caf\xc3\xa9", "café"},
		{"hz", "hz-gb-2312", "~{VPND~}!", "中文!"},
		{"iso-2022-kr", "iso-2022-kr", "\x1b$)C\x0e>H3g\x0f!", "안녕!"},
		{"iso-2022-jp without a label", "", "\x1b$B$3$s\x1b(B", "こん"},
		{"iso-2022-cn, which nothing reads", "iso-2022-cn", "Hello", "Hello"},
		{"utf-7", "utf-7", "Hi +AKM-5 1+-1", "Hi £5 1+1"},
		{"utf-16 with a mark", "utf-16", "\xff\xfeh\x00i\x00", "hi"},
		{"utf-16 that is none", "utf-16", "hi there", "hi there"},
		{"cp850", "cp850", "\x9c5", "£5"},
		{"macintosh", "macintosh", "\xa35", "£5"},
		{"unheard of", "x-unheard-of", "caf\xe9", "café"},
		{"quoted twice", `"utf-8""`, "caf\xc3\xa9", "café"},
		{"NUL and controls", "utf-8", "a\x00b\x07c\x1bd", "abcd"},
		{"direction overrides", "utf-8", "a\u202eb\u2066c", "abc"},
		{"line separators", "utf-8", "a\u2028b\x0cc", "a\nb\nc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, "From: jo@example.net\nContent-Type: text/plain; charset="+tt.charset+"\nContent-Transfer-Encoding: base64\n\n"+
				base64.StdEncoding.EncodeToString([]byte(tt.raw))+"\n", landlord())
			if m.Text != tt.want {
				t.Errorf("got %q, want %q; repairs %q", m.Text, tt.want, m.Repairs)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "damp", "damp"},
		{"B", "=?UTF-8?B?Y2Fmw6k=?=", "café"},
		{"Q", "=?iso-8859-1?q?caf=E9_now?=", "café now"},
		{"two words, the space between not shown", "=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
		{"two words folded", "=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab"},
		{"a character broken over two words", "=?utf-8?B?Y2Fmww==?= =?utf-8?B?qQ==?=", "café"},
		{"raw spaces in the word", "=?utf-8?q?caf=C3=A9 is closed?=", "café is closed"},
		{"plain and encoded mixed", "Re: =?utf-8?q?caf=C3=A9?= closed", "Re: café closed"},
		{"glued to a word", "Re:=?utf-8?q?caf=C3=A9?=closed", "Re:caféclosed"},
		{"inside quotes", `"=?utf-8?q?caf=C3=A9?="`, `"café"`},
		{"a question mark not escaped", "=?utf-8?q?why?=3F?=", "why??"},
		{"cut off", "=?utf-8?B?Y2Fmw6k", "café"},
		{"no word at all", "what =? is ?= this", "what =? is ?= this"},
		{"charset with a language", "=?utf-8*en?q?caf=C3=A9?=", "café"},
		{"unknown charset", "=?x-none?q?caf=E9?=", "café"},
		{"raw latin-1", "caf\xe9 \xa380", "café £80"},
		{"raw utf-8", "caf\xc3\xa9", "café"},
		{"NUL", "ja\x00mmed", "jammed"},
		{"direction override", "=?utf-8?B?YeKArmI=?=", "ab"},
		{"folded in the middle", "damp in\n the wall", "damp in the wall"},
		{"iso-2022-jp", "=?ISO-2022-JP?B?GyRCJDMkcxsoQg==?=", "こん"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if m := readText(t, "From: jo@example.net\nSubject: "+tt.in+"\n\nx\n", landlord()); m.Subject != tt.want {
				t.Errorf("got %q, want %q", m.Subject, tt.want)
			}
		})
	}
}

func TestAttachmentNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, field, want string }{
		{"plain", `filename="a.pdf"`, "a.pdf"},
		{"unquoted with spaces", `filename=my letter.pdf`, "my letter.pdf"},
		{"RFC 2231", `filename*=utf-8''caf%C3%A9.pdf`, "café.pdf"},
		{"RFC 2231 in pieces", "filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2=.pdf", "café.pdf"},
		{"RFC 2231 pieces out of order", "filename*1=b.pdf; filename*0=a", "ab.pdf"},
		{"RFC 2231 before the old one", `filename="cafe.pdf"; filename*=utf-8''caf%C3%A9.pdf`, "café.pdf"},
		{"RFC 2047", `filename="=?utf-8?q?caf=C3=A9.pdf?="`, "café.pdf"},
		{"raw latin-1", "filename=\"caf\xe9.pdf\"", "café.pdf"},
		{"raw utf-8", "filename=caf\xc3\xa9.pdf", "café.pdf"},
		{"quote not closed", `filename="a.pdf`, "a.pdf"},
		{"semicolon in quotes", `filename="a;b.pdf"`, "a;b.pdf"},
		{"double semicolon", `;;filename="a.pdf";;`, "a.pdf"},
		{"path", `filename="../../etc/passwd"`, "passwd"},
		{"windows path", `filename="C:\\Users\\jo\\a.pdf"`, "a.pdf"},
		{"only dots", `filename=".."`, "attachment.pdf"},
		{"device", `filename="con.pdf"`, "_con.pdf"},
		{"device with a digit", `filename="COM1"`, "_COM1"},
		{"direction override", "filename*=utf-8''a%E2%80%AEfdp.exe", "afdp.exe"},
		{"line ends", "filename*=utf-8''a%0D%0Ab.pdf", "a  b.pdf"},
		{"NUL", "filename*=utf-8''a%00.pdf", "a.pdf"},
		{"streams", `filename="a.pdf:evil"`, "a.pdf_evil"},
		{"none", `size=3`, "attachment.pdf"},
		{"very long", `filename="` + strings.Repeat("x", 500) + `.pdf"`, strings.Repeat("x", maxNameBytes-4) + ".pdf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, "From: jo@example.net\nContent-Type: application/pdf\nContent-Disposition: attachment; "+tt.field+"\n\n%PDF-1.4\n", landlord())
			if len(m.Attachments) != 1 || m.Attachments[0].Filename != tt.want {
				t.Errorf("got %+v, want %q", m.Attachments, tt.want)
			}
		})
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, page, want string }{
		{"paragraphs", "<p>One</p><p>Two</p>", "One\n\nTwo"},
		{"line breaks", "One<br>Two<br><br>Three", "One\nTwo\n\nThree"},
		{"divs", "<div>One</div><div>Two</div>", "One\nTwo"},
		{"an empty div between", "<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"},
		{"Word's empty paragraphs", "<p>One</p><p>&nbsp;</p><p>Two</p>", "One\n\nTwo"},
		{"white space", "  One \n\n two\t<b> three</b>  ", "One two three"},
		{"entities", "&pound;5 &amp; &#8217; &#x2019; &bogus;", "£5 & ’ ’ &bogus;"},
		{"script, style, comment", "<style>p{}</style><script>alert(1)</script>One<!-- two -->", "One"},
		{"head and title", "<html><head><title>x</title></head><body>One</body></html>", "One"},
		{"hidden by style", "One<div style=\"DISPLAY : none !important\">two</div><span hidden>three</span>", "One"},
		{"hidden by class", "<style>.a,.b { color:red; display:none }</style>One<p class=\"x b\">two</p>", "One"},
		{"hidden on small screens only", "<style>@media (max-width:600px){.b{display:none}}</style>One<p class=b>two</p>", "One\n\ntwo"},
		{"a table", "<table><tr><td>Name:</td><td>Jo</td></tr><tr><td>Tel:</td><td>1</td></tr></table>", "Name:\tJo\nTel:\t1"},
		{"a list", "<ul><li>One</li><li>Two</li></ul>", "* One\n* Two"},
		{"a quotation", "One<blockquote type=cite>two<br>three</blockquote>four", "One\n\n> two\n> three\n\nfour"},
		{"an indent is no quotation", "One<blockquote>two</blockquote>", "One\n\ntwo"},
		{"an indent below a colon is no quotation", "My complaint:<blockquote>no heat</blockquote>", "My complaint:\n\nno heat"},
		{"a quotation below who wrote", "Jo wrote:<blockquote>no heat</blockquote>", "Jo wrote:\n\n> no heat"},
		{"a head that is not closed", "<html><head><title>t</title><meta name=x><style>p{}</style><body><p>no heat", "no heat"},
		{"a head without a body", "<html><head><title>t</title><p>no heat", "no heat"},
		{"words right in the head", "<head><title>t</title>no heat", "no heat"},
		{"a hidden paragraph that is not closed", `<p style="display:none">one<p>two`, "two"},
		{"a hidden paragraph ended by a block", `<p hidden>one<b>two<div>three`, "three"},
		{"a hidden cell that is not closed", "<table><tr><td hidden>one<td>two<tr><td hidden>three<tr><td>four</table>", "two\nfour"},
		{"a hidden item that is not closed", "<ul><li hidden>one<ul><li>two</ul><li>three</ul>", "* three"},
		{"a hidden block stays hidden", "<div hidden><p>one<p>two<div>three</div></div>four", "four"},
		{"preformatted", "<pre>a\n  b</pre>", "a\n  b"},
		{"tags that are never closed", "<div><div><b>One<p>two", "One\n\ntwo"},
		{"end tags without a start", "</div></p>One</td>", "One"},
		{"conditional comments", "<!--[if mso]>two<![endif]-->One", "One"},
		{"less than", "a < b and 3<4", "a < b and 3<4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, over := htmlToText(tt.page, 10_000, func() error { return nil })
			if got != tt.want || over {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	alternative := func(plain, page string) string {
		return "From: jo@example.net\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + plain + "\n--b\nContent-Type: text/html\n\n" + page + "\n--b--\n"
	}
	for _, tt := range []struct{ name, mail, want string }{
		{"alternative", alternative("The wall is wet.", "<p>The <b>wall</b> is wet.</p>"), "The wall is wet."},
		{"alternative, plain is empty", alternative("", "<p>The wall is wet.</p>"), "The wall is wet."},
		{"alternative, plain sends elsewhere", alternative("Please use an HTML reader.", "<p>The wall is wet and nobody comes.</p>"), "The wall is wet and nobody comes."},
		{"alternative, page is empty", alternative("The wall is wet.", "<html></html>"), "The wall is wet."},
		{"flowed", "From: jo@example.net\nContent-Type: text/plain; format=flowed\n\nThe wall \nis wet.\n\n> old \n> text\n", "The wall is wet.\n\n> old text"},
		{"flowed without spaces", "From: jo@example.net\nContent-Type: text/plain; format=flowed; delsp=yes\n\nThe wa \nll is wet.\n", "The wall is wet."},
		{"enriched", "From: jo@example.net\nContent-Type: text/enriched\n\n<bold>The</bold> wall << is wet.\n", "The wall < is wet."},
		{"text attachment", "From: jo@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee this.\n--b\nContent-Type: text/plain; name=a.txt\n\nThe wall is wet.\n--b--\n", "See this.\n\n[Attachment: a.txt]\nThe wall is wet."},
		{"rich text attachment", "From: jo@example.net\nContent-Type: application/rtf; name=a.rtf\nContent-Disposition: attachment\n\n{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 The wall\\'92s \\u322?wet.\\par Come.}\n", "[Attachment: a.rtf]\nThe wall’s łwet.\nCome."},
		{"uuencoded file in the text", "From: jo@example.net\n\nSee this.\nbegin 644 a.txt\n#0V%T\n`\nend\nJo\n", "See this.\n[Attachment: a.txt]\nJo"},
		{"forwarded mail", "From: jo@example.net\nContent-Type: message/rfc822\n\nFrom: Max <max@example.net>\nSubject: wet\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\nThe wall is wet.\n", "[Forwarded message from Max <max@example.net>, 2026-03-02T10:00:00Z, subject: wet]\nThe wall is wet."},
		{"digest", "From: jo@example.net\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: wet\n\nThe wall is wet.\n--b--\n", "[Forwarded message, subject: wet]\nThe wall is wet."},
		{"PDF", "From: jo@example.net\nContent-Type: application/pdf\n\n%PDF-1.4\n", ""},
		{"calendar", "From: jo@example.net\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nSUMMARY:Visit\\, Tuesday\nEND:VCALENDAR\n", "[Calendar entry]\nVisit, Tuesday"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if m := readText(t, tt.mail, landlord()); m.Text != tt.want || m.Error != "" {
				t.Errorf("got %q, want %q; error %q", m.Text, tt.want, m.Error)
			}
		})
	}
}

func TestSealedMail(t *testing.T) {
	t.Parallel()
	for name, mail := range map[string]string{
		"PGP":    "From: jo@example.net\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nxx\n--b--\n",
		"S/MIME": "From: jo@example.net\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIB\n",
		"inline": "From: jo@example.net\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n=abcd\n-----END PGP MESSAGE-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := readText(t, mail, landlord()); m.Error == "" || len(m.Notes) == 0 {
				t.Errorf("error %q, notes %q", m.Error, m.Notes)
			}
		})
	}
	signed := "From: jo@example.net\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nThe wall is wet.\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
	if m := readText(t, signed, landlord()); m.NewText != "The wall is wet." || m.Error != "" {
		t.Errorf("new text %q, error %q", m.NewText, m.Error)
	}
}

// document makes a DOCX file whose entry holds the XML.
func document(t *testing.T, xml string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range []struct{ name, body string }{
		{"[Content_Types].xml", "<Types/>"}, {"word/media/image1.png", strings.Repeat("\x89PNG", 5000)}, {"word/document.xml", xml},
	} {
		f, err := z.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWordFiles(t *testing.T) {
	t.Parallel()
	mail := func(file []byte) string {
		return "From: jo@example.net\nContent-Type: application/octet-stream; name=letter.docx\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(file) + "\n"
	}
	good := document(t, `<w:document><w:body><w:p><w:r><w:t>The wall</w:t><w:tab/><w:t xml:space="preserve">is &amp; wet.</w:t></w:r></w:p><w:p><w:r><w:delText>not</w:delText><w:t>Come.</w:t></w:r></w:p></w:body></w:document>`)
	m := readText(t, mail(good), landlord())
	if m.Text != "[Attachment: letter.docx]\nThe wall\tis & wet.\nCome." || !strings.Contains(m.Attachments[0].ContentType, "wordprocessingml") || len(m.Repairs) > 0 {
		t.Errorf("got %q, %+v, repairs %q", m.Text, m.Attachments, m.Repairs)
	}
	bomb := document(t, "<w:p><w:t>"+strings.Repeat(" ", 20<<20)+"</w:t></w:p>")
	if m := readText(t, mail(bomb), landlord()); m.Error != "" || len(m.Repairs) != 1 {
		t.Errorf("error %q, repairs %q", m.Error, m.Repairs)
	}
	if m := readText(t, mail(good[:len(good)/2]), landlord()); m.Error != "" || len(m.Attachments) != 1 {
		t.Errorf("error %q, %+v", m.Error, m.Attachments)
	}
}

func TestComplainant(t *testing.T) {
	t.Parallel()
	const colleague = "From: Officer <officer@larkmere.example.org>\nTo: complaints@larkmere.example.org\nDate: Mon, 2 Mar 2026 12:00:00 +0000\n"
	for _, tt := range []struct {
		name, mail string
		want       Address
		at         time.Time
	}{
		{
			"sent on as an attachment", colleague + "Subject: FW: damp\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nFor you.\n--b\nContent-Type: message/rfc822\n\nReceived: from x by mx1; Fri, 27 Feb 2026 09:00:00 +0000\nFrom: Jo <jo@example.net>\nSubject: damp\n\nWet.\n--b--\n",
			Address{"Jo", "jo@example.net"},
			time.Date(2026, 2, 27, 9, 0, 0, 0, time.UTC),
		},
		{
			"sent on as text", colleague + "Subject: Fwd: damp\n\nFor you.\n\n---------- Forwarded message ---------\nFrom: Jo <jo@example.net>\nDate: Fri, 27 Feb 2026 at 09:00\nSubject: damp\nTo: <officer@larkmere.example.org>\n\nWet.\n",
			Address{"Jo", "jo@example.net"},
			time.Date(2026, 2, 27, 9, 0, 0, 0, time.UTC),
		},
		{
			"sent on by Outlook, in summer", colleague + "Subject: FW: damp\n\nFor you.\n\nFrom: Jo <jo@example.net>\nSent: 27 June 2026 09:00\nTo: Officer <officer@larkmere.example.org>\nSubject: damp\n\nWet.\n",
			Address{"Jo", "jo@example.net"},
			time.Date(2026, 6, 27, 8, 0, 0, 0, time.UTC),
		},
		{
			"our own mail in between", colleague + "Subject: FW: damp\n\nFrom: Other <other@larkmere.example.org>\nSent: 28 February 2026 09:00\nTo: Officer\nSubject: FW: damp\n\nFrom: Jo <jo@example.net>\nSent: 27 February 2026 09:00\nTo: Other\nSubject: damp\n\nWet.\n",
			Address{"Jo", "jo@example.net"},
			time.Date(2026, 2, 27, 9, 0, 0, 0, time.UTC),
		},
		{"a resident who sends our mail back", "From: Jo <jo@example.net>\nTo: complaints@larkmere.example.org\nSubject: FW: your answer\n\nRubbish.\n\nFrom: Officer <officer@larkmere.example.org>\nSent: 27 February 2026 09:00\nTo: Jo\nSubject: your answer\n\nNo.\n", Address{}, time.Time{}},
		{"a colleague's own words", colleague + "Subject: lift\n\nThe lift is out.\n", Address{}, time.Time{}},
		{
			"a form as a table", "From: WordPress <wordpress@larkmere.example.org>\nTo: complaints@larkmere.example.org\nSubject: New submission\nContent-Type: text/html\n\n<table><tr><td>Name</td><td>Jo Bloggs</td></tr><tr><td>Email address</td><td>jo@example.net</td></tr><tr><td>Message</td><td>Wet.</td></tr></table>\n",
			Address{"Jo Bloggs", "jo@example.net"},
			time.Time{},
		},
		{
			"a form with values below", "From: no-reply@forms.example\nTo: complaints@larkmere.example.org\nSubject: Contact form\n\nName\nJo Bloggs\n\nEmail\njo@example.net\n\nMessage\nWet.\nAnd cold.\n",
			Address{"Jo Bloggs", "jo@example.net"},
			time.Time{},
		},
		{
			"a form that says it is automatic", "From: webform@larkmere.example.org\nTo: complaints@larkmere.example.org\nSubject: Online complaint form\nAuto-Submitted: auto-generated\n\nFull name: Jo Bloggs\nEmail: jo@example.net\nMessage: Wet.\n",
			Address{"Jo Bloggs", "jo@example.net"},
			time.Time{},
		},
		{"a resident who sets a letter out like a form", "From: Jo <jo@example.net>\nTo: complaints@larkmere.example.org\nSubject: damp\n\nName: Jo Bloggs\nEmail: other@example.net\nAddress: 12 Lark Road\nMessage: Wet.\n", Address{}, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tt.mail, landlord())
			if m.Complainant != tt.want || !m.ForwardedReceived.Equal(tt.at) || (tt.want == Address{}) != (m.ComplainantWhy == "") {
				t.Errorf("got %+v at %v: %q", m.Complainant, m.ForwardedReceived, m.ComplainantWhy)
			}
			if m.Automatic != None {
				t.Errorf("automatic %s: %s", m.Automatic, m.AutomaticWhy)
			}
			if tt.want.Address != "" && !strings.Contains(m.NewText, "Wet.") {
				t.Errorf("the resident's words are missing: %q", m.NewText)
			}
		})
	}
}

// The same mail by two routes has one digest; another text, sender or file another.
func TestBodyDigest(t *testing.T) {
	t.Parallel()
	base := readText(t, "Received: by a; Mon, 2 Mar 2026 10:00:00 +0000\nFrom: Jo <jo@example.net>\nMessage-ID: <1@x>\nSubject: damp\n\nThe wall  is wet.\n", landlord())
	for name, tt := range map[string]struct {
		mail string
		same bool
	}{
		"another route":   {"Received: by b; Mon, 2 Mar 2026 10:00:09 +0000\nFrom: JO <JO@example.net>\nMessage-ID: <2@x>\nSubject: damp\nContent-Type: text/html\n\n<p>The wall is wet.</p>\n", true},
		"another sender":  {"From: Max <max@example.net>\nSubject: damp\n\nThe wall is wet.\n", false},
		"another text":    {"From: Jo <jo@example.net>\nSubject: damp\n\nThe wall is still wet.\n", false},
		"another subject": {"From: Jo <jo@example.net>\nSubject: mould\n\nThe wall is wet.\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := readText(t, tt.mail, landlord()); (m.BodyDigest == base.BodyDigest) != tt.same {
				t.Errorf("got %s and %s", m.BodyDigest, base.BodyDigest)
			}
		})
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Mon, 2 Mar 2026 10:00:00 +0000":        "2026-03-02T10:00:00Z",
		"Mon, 02 Mar 2026 10:00:00 +0100 (CET)": "2026-03-02T10:00:00+01:00",
		"2 Mar 2026 10:00 GMT":                  "2026-03-02T10:00:00Z",
		"Mon, 1 Jun 2026 23:30:00 BST":          "2026-06-01T23:30:00+01:00",
		"Mon, 1 Jun 2026 23:30:00 EDT":          "2026-06-01T23:30:00-04:00",
		"Mon, 1 Jun 2026 23:30:00 +0100 BST":    "2026-06-01T23:30:00+01:00",
		"Mon Mar  2 10:00:00 2026":              "2026-03-02T10:00:00Z",
		"Monday, 2 March 2026 10:00:00 +0000":   "2026-03-02T10:00:00Z",
		"2026-03-02T10:00:00Z":                  "2026-03-02T10:00:00Z",
		"Mon, 2 Mar 2026 10.00.00 +0000":        "2026-03-02T10:00:00Z",
		"soon":                                  "",
		"Mon, 32 Mar 2026 10:00:00 +0000":       "",
		"Thu, 1 Jan 0001 00:00:00 +0000":        "",
		"":                                      "",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			if got := parseDate(in); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
