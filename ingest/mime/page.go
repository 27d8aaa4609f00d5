package mime

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// ErrNoPage says that a mail has no page of its own: it is plain text.
var ErrNoPage = errors.New("mime: the mail has no page")

// A mailPage is the first page of the sender's own that a walk meets.
type mailPage struct {
	found bool
	text  string
}

// OpenPage reads the page (HTML) that the sender wrote, in UTF-8, to be shown
// as it looked. What in it would act, reach out or change how the rest is read
// is left out: whoever shows it must confine it all the same. ErrNoPage when
// there is none.
func OpenPage(ctx context.Context, r io.Reader, o Options) (string, error) {
	p := &mailPage{}
	read(ctx, r, o, nil, p)
	if !p.found {
		return "", ErrNoPage
	}
	return tamed(p.text, o.Limits.orDefault().HTMLNodes), nil
}

// keepPage keeps the sender's own page, where somebody asked for it.
func (w *walk) keepPage(text string) {
	if w.page != nil && !w.page.found && w.mails == 0 && strings.TrimSpace(text) != "" {
		w.page.found, w.page.text = true, text
	}
}

// tamed writes a page with what only shows words and pictures of its own: by
// tokens, so that nesting costs nothing. Of elements that are not known the
// content stays, but for those whose content is no part of the page.
func tamed(page string, nodes int) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	inside, style := "", false // the element whose content is left out; a style sheet is open
	for range nodes {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := string(z.Raw())
		t := z.Token()
		switch {
		case inside != "":
			if kind == html.EndTagToken && t.Data == inside {
				inside = ""
			}
		case kind == html.TextToken && style:
			out.WriteString(raw) // no element begins or ends in it
		case kind == html.TextToken:
			out.WriteString(t.String())
		case kind == html.StartTagToken && slices.Contains(withoutContent(), t.Data):
			inside = t.Data
		case kind == html.CommentToken, kind == html.DoctypeToken, !slices.Contains(tameElements(), t.Data):
		default:
			style = t.Data == "style" && kind == html.StartTagToken
			t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool { return !tameAttribute(a) })
			out.WriteString(t.String())
		}
	}
	return out.String()
}

// tameAttribute keeps what is about looks alone; a picture that is not in the
// page itself would tell its owner that somebody looks, and a link would lead
// away.
func tameAttribute(a html.Attribute) bool {
	if a.Key == "src" {
		return strings.HasPrefix(strings.ToLower(a.Val), "data:image/")
	}
	return slices.Contains(strings.Fields("style class align valign bgcolor color face size width height border cellpadding cellspacing colspan rowspan nowrap dir lang alt title type start reversed value hspace vspace"), a.Key)
}

// withoutContent are the elements that go with all that is in them.
func withoutContent() []string {
	return []string{"script", "noscript", "template", "iframe", "object", "applet", "title", "svg", "math", "noembed", "noframes"}
}

// tameElements are those that only show.
func tameElements() []string {
	return strings.Fields("a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure font footer " +
		"h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span strike strong style sub sup table tbody td tfoot th thead time tr tt u ul var wbr")
}
