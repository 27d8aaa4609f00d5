package mime

import (
	"bytes"
	"io"
	"strings"
)

// isSMIME knows the S/MIME wrappers.
func isSMIME(t string) bool {
	return t == "application/pkcs7-mime" || t == "application/x-pkcs7-mime"
}

// noteSealed says when a part cannot be read without a key.
func (w *walk) noteSealed(mt mediaType) {
	switch {
	case mt.value == "application/pgp-encrypted",
		isSMIME(mt.value) && !strings.Contains(strings.ToLower(mt.params["smime-type"]), "signed"):
		w.seen.encrypted = true
		w.note(encryptedNote)
	case isSMIME(mt.value):
		w.seen.encrypted = true
		w.note("The mail is wrapped in a signature that hides its text; a person has to open it in a mail program.")
	}
}

const (
	// maxSigned bounds the wrapped mails that are opened in memory, all together
	// that lie in one another.
	maxSigned = 8 << 20
	maxBER    = 40
)

// openSigned reads a mail that is wrapped whole in its signature (RFC 8551,
// section 3.5.2). The signature is not checked. Where there is nothing to open
// the bytes are given back to be kept as a file.
func (w *walk) openSigned(r io.Reader) ([]piece, io.Reader) {
	room := maxSigned - w.signed
	head, err := io.ReadAll(io.LimitReader(r, room))
	rest := io.MultiReader(bytes.NewReader(head), r)
	if err != nil || int64(len(head)) == room {
		return nil, rest
	}
	w.signed += int64(len(head))
	defer func() { w.signed -= int64(len(head)) }()
	content := signedContent(head)
	if content == nil || w.mails > w.limits.Depth {
		return nil, rest
	}
	w.note("The mail is signed; the signature was not checked.")
	s := newSource(bytes.NewReader(content), w.budget, w.limits.Bytes)
	h := w.readHeader(s, false)
	inside := w.entity(s, h, contentType(h))
	if inside == nil {
		inside = []piece{}
	}
	return inside, nil
}

// signedContent finds the content in a CMS SignedData (RFC 5652, section 5),
// in DER or BER; nil when it is something else.
func signedContent(b []byte) []byte {
	oid := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}
	if i := bytes.Index(b[:min(len(b), 64)], append(oid, 0x02)); i < 0 {
		return nil // not SignedData
	}
	i := bytes.Index(b, append(oid, 0x01)) // the content's type: data
	if i < 0 || i > 1024 {
		return nil
	}
	e, _, ok := readBER(b[i+11:])
	if !ok || e.tag != 0xa0 {
		return nil // detached
	}
	var out []byte
	octets(e.body, &out, 0)
	if len(out) == 0 {
		return nil
	}
	return out
}

// A ber is one element: its tag, and its bytes, of which an indefinite one
// does not know where they end.
type ber struct {
	tag        byte
	body       []byte
	indefinite bool
}

// readBER reads an element with a one-byte tag and gives what follows it.
func readBER(b []byte) (e ber, rest []byte, ok bool) {
	if len(b) < 2 {
		return ber{}, nil, false
	}
	e.tag = b[0]
	n, b := int(b[1]), b[2:]
	if n == 0x80 {
		e.body, e.indefinite = b, true
		return e, b, true
	}
	if n > 0x80 {
		size := n & 0x7f
		if size > 4 || size > len(b) {
			return ber{}, nil, false
		}
		n = 0
		for _, c := range b[:size] {
			n = n<<8 | int(c)
		}
		b = b[size:]
	}
	n = min(n, len(b)) // a mail that is cut off gives what it has
	e.body = b[:n]
	return e, b[n:], true
}

// octets gathers the octet strings at the start of b, constructed ones opened
// up, to the end marker of an indefinite one; it gives what is left.
func octets(b []byte, out *[]byte, depth int) []byte {
	for depth < maxBER && len(b) > 0 {
		e, rest, ok := readBER(b)
		if !ok || e.tag == 0 {
			return rest
		}
		switch {
		case e.tag == 0x04:
			*out = append(*out, e.body...)
		case e.tag == 0x24 && e.indefinite:
			rest = octets(e.body, out, depth+1)
		case e.tag == 0x24:
			octets(e.body, out, depth+1)
		default:
			return nil
		}
		b = rest
	}
	return b
}
