package mime

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// signedMail wraps a mail in a signature that hides its text, as DER.
func signedMail(inside []byte) []byte {
	der := func(tag byte, body ...[]byte) []byte {
		b := bytes.Join(body, nil)
		return append([]byte{tag, 0x84, byte(len(b) >> 24), byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
	}
	oid := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}
	content := der(0x30, append(bytes.Clone(oid), 0x01), der(0xa0, der(0x04, inside)))
	cms := der(0x30, append(bytes.Clone(oid), 0x02), der(0xa0, der(0x30, []byte{0x02, 0x01, 0x01, 0x31, 0x00}, content)))
	return fmt.Appendf(nil, "From: jo@example.net\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n%s\n",
		base64.StdEncoding.EncodeToString(cms))
}

// Wrappers that lie in one another are opened in memory, together as much as
// one may be.
func TestSignedWithinSigned(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		size   int
		levels int
		opened bool
	}{{"small ones", 100, 5, true}, {"a large one", 3 << 20, 1, true}, {"large ones", 1 << 20, 5, false}} {
		raw := []byte("From: jo@example.net\nContent-Type: text/plain\n\nNo heat.\n" + strings.Repeat("cold ", row.size/5))
		for range row.levels {
			raw = signedMail(raw)
		}
		m := Read(t.Context(), bytes.NewReader(raw), Options{})
		if got := strings.HasPrefix(m.Text, "No heat."); got != row.opened || !got && m.Error == "" {
			t.Errorf("%s: opened %t, text %.40q, error %q", row.name, got, m.Text, m.Error)
		}
	}
}
