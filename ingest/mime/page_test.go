package mime

import (
	"errors"
	"strings"
	"testing"
)

func TestOpenPage(t *testing.T) {
	t.Parallel()
	const head = "From: ann@example.com\nSubject: s\nMIME-Version: 1.0\n"
	for name, c := range map[string]struct{ mail, want string }{
		"a page alone":         {head + "Content-Type: text/html; charset=iso-8859-1\n\n<p class=x onclick='a()'>Caf\xe9</p>", `<p class="x">Café</p>`},
		"beside plain text":    {head + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nCold\n--b\nContent-Type: text/html\n\n<b>Cold</b>\n--b--\n", "<b>Cold</b>"},
		"not the attachment":   {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nCold\n--b\nContent-Type: text/html\nContent-Disposition: attachment; filename=a.html\n\n<b>No</b>\n--b--\n", ""},
		"not the mail inside":  {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n" + head + "Content-Type: text/html\n\n<b>No</b>\n--b--\n", ""},
		"plain text":           {head + "\nCold", ""},
		"what acts":            {head + "Content-Type: text/html\n\n<script>a()</script>x<svg><a xlink:href=j></svg><meta http-equiv=refresh content='0;url=//e'><base href=//e><link rel=preconnect href=//e><form action=//e><input name=p>Pay</form><iframe src=//e></iframe><a href=javascript:a() ping=//e>go</a>", "xPay<a>go</a>"},
		"pictures":             {head + "Content-Type: text/html\n\n<img src=https://e.example/1.gif srcset=//e alt=logo><img src='data:image/gif;base64,R0lG'>", `<img alt="logo"><img src="data:image/gif;base64,R0lG">`},
		"a style sheet":        {head + "Content-Type: text/html\n\n<style>p > b { font: \"A\" }</style><p>x", `<style>p > b { font: "A" }</style><p>x`},
		"a hidden end":         {head + "Content-Type: text/html\n\n<!-- --><style><!--</style><img src=x onerror=a()>--></style>", `<style><!--</style><img>--&gt;</style>`},
		"angles that are text": {head + "Content-Type: text/html\n\n&lt;script&gt;a()&lt;/script&gt; 1 < 2", `&lt;script&gt;a()&lt;/script&gt; 1 &lt; 2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := OpenPage(t.Context(), strings.NewReader(strings.ReplaceAll(c.mail, "\n", "\r\n")), Options{})
			if c.want == "" != errors.Is(err, ErrNoPage) || strings.TrimSpace(got) != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// F37: what no browser should be given whole is cut, and what is left is whole.
func TestAHugePageIsShownInPart(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"5,000 links":              strings.Repeat(`<p><a href="https://e.example/?a=1">pay here</a></p>`, 5000),
		"a table of 10 MB":         "<table>" + strings.Repeat("<tr><td>0123456789</td><td>0123456789</td></tr>", 10<<20/47) + "</table>",
		"tables within each other": "x" + strings.Repeat("<table><tr><td>", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mail := "From: ann@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + page
			got, err := OpenPage(t.Context(), strings.NewReader(mail), Options{})
			if err != nil || got == "" || len(got) > 8<<20 || strings.Contains(got, "href") {
				t.Errorf("%d bytes, links %v, %v", len(got), strings.Contains(got, "href"), err)
			}
			m := Read(t.Context(), strings.NewReader(mail), Options{})
			if len(m.Text) == 0 || int64(len(m.Text)) > DefaultLimits().TextBytes {
				t.Errorf("%d bytes of text", len(m.Text))
			}
		})
	}
}
