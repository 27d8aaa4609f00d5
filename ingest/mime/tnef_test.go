package mime

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
)

// tnefFile makes a winmail.dat of attributes.
func tnefFile(attributes ...[]byte) []byte {
	out := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	for _, a := range attributes {
		out = append(out, a...)
	}
	return out
}

func attribute(level byte, id uint16, kind uint16, data []byte) []byte {
	out := []byte{level}
	out = binary.LittleEndian.AppendUint16(out, id)
	out = binary.LittleEndian.AppendUint16(out, kind)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(out, sum)
}

// property makes a block of one MAPI property of variable length.
func property(kind, id uint16, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, 1)
	out = binary.LittleEndian.AppendUint16(out, kind)
	out = binary.LittleEndian.AppendUint16(out, id)
	out = binary.LittleEndian.AppendUint32(out, 1)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	return append(out, append(data, make([]byte, pad4(len(data))-len(data))...)...)
}

// compressed is the example of [MS-OXRTFCP], section 4.1.1.
var compressed = []byte{
	0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0, 0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42,
	0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
}

func tnefMail(file []byte, text string) string {
	return "From: jo@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + text + "\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(file) + "\n--b--\n"
}

func TestTNEF(t *testing.T) {
	t.Parallel()
	picture := [][]byte{
		attribute(2, tnefRendData, 6, make([]byte, 14)), attribute(2, tnefTitle, 1, []byte("PICTUR~1.PNG\x00")), attribute(2, tnefData, 6, []byte("\x89PNG\r\n\x1a\nxx")),
		attribute(2, tnefAttachment, 6, property(0x1e, 0x3707, []byte("the wall.png\x00"))),
	}
	for _, tt := range []struct {
		name, text string
		file       []byte
		want       string
		files      []string
		repaired   bool
	}{
		{"body only there", "", tnefFile(attribute(1, tnefBody, 2, []byte("The wall is wet.\x00"))), "The wall is wet.", nil, false},
		{"body twice", "The wall is wet.", tnefFile(attribute(1, tnefBody, 2, []byte("The wall is wet.\x00"))), "The wall is wet.", nil, false},
		{"HTML body", "", tnefFile(attribute(1, tnefProperties, 6, property(0x102, 0x1013, []byte("<p>The wall is w\xe9t.</p>")))), "The wall is wét.", nil, false},
		{"wide body", "", tnefFile(attribute(1, tnefProperties, 6, property(0x1f, 0x1000, []byte("w\x00e\x00t\x00\x00\x00")))), "wet", nil, false},
		{"compressed rich text", "", tnefFile(attribute(1, tnefProperties, 6, property(0x102, 0x1009, compressed))), "hello world", nil, false},
		{"code page", "", tnefFile(attribute(1, tnefCodepage, 6, []byte{0xe2, 4, 0, 0, 0, 0, 0, 0}), attribute(1, tnefBody, 2, []byte("\xb3\xf3d\xbc\x00"))), "łódĽ", nil, false},
		{"a file with a long name", "See.", tnefFile(picture...), "See.", []string{"the wall.png"}, false},
		{"two files", "See.", tnefFile(append(picture, picture...)...), "See.", []string{"the wall.png", "the wall.png"}, false},
		{"empty", "See.", tnefFile(), "See.", nil, false},
		{"not TNEF", "See.", []byte("hello there"), "See.", []string{"winmail.dat"}, true},
		{"no bytes", "See.", nil, "See.", []string{"winmail.dat"}, true},
		{"an attribute that is longer than the file", "See.", tnefFile(append([]byte{1, 0x0c, 0x80, 2, 0}, 0xff, 0xff, 0xff, 0x7f, 'w', 'e', 't')), "See.", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tnefMail(tt.file, tt.text), landlord())
			var names []string
			for _, a := range m.Attachments {
				names = append(names, a.Filename)
			}
			if m.Text != tt.want || strings.Join(names, "|") != strings.Join(tt.files, "|") || (len(m.Repairs) > 0) != tt.repaired || m.Error != "" {
				t.Errorf("got %q, files %q, repairs %q, error %q", m.Text, names, m.Repairs, m.Error)
			}
		})
	}
}

// A winmail.dat cut off anywhere is read as far as it goes.
func TestTNEFCutOff(t *testing.T) {
	t.Parallel()
	whole := tnefFile(attribute(1, tnefBody, 2, []byte("The wall is wet.\x00")), attribute(2, tnefRendData, 6, make([]byte, 14)), attribute(2, tnefTitle, 1, []byte("a.png\x00")),
		attribute(2, tnefData, 6, bytes.Repeat([]byte("\x89PNG"), 20)), attribute(1, tnefProperties, 6, property(0x102, 0x1009, compressed)))
	for n := range whole {
		if m := readText(t, tnefMail(whole[:n], "See."), landlord()); m.Error != "" || m.Text != "See." {
			t.Fatalf("cut at %d: error %q, text %q", n, m.Error, m.Text)
		}
	}
}

func TestSignedWrapper(t *testing.T) {
	t.Parallel()
	element := func(tag byte, body ...[]byte) []byte {
		all := bytes.Join(body, nil)
		return append([]byte{tag, 0x82, byte(len(all) >> 8), byte(len(all))}, all...)
	}
	open := func(tag byte, body ...[]byte) []byte {
		return append(append([]byte{tag, 0x80}, bytes.Join(body, nil)...), 0, 0)
	}
	oid := func(last byte) []byte {
		return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last}
	}
	text := []byte("Content-Type: text/plain\r\n\r\nThe wall is wet.\r\n")
	version := []byte{2, 1, 1}
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"definite":   {element(0x30, oid(2), element(0xa0, element(0x30, version, element(0x31), element(0x30, oid(1), element(0xa0, element(0x04, text)))))), "The wall is wet."},
		"indefinite": {open(0x30, oid(2), open(0xa0, open(0x30, version, element(0x31), open(0x30, oid(1), open(0xa0, open(0x24, element(0x04, text[:20]), element(0x04, text[20:]))))))), "The wall is wet."},
		"enveloped":  {element(0x30, oid(3), element(0xa0, text)), ""},
		"detached":   {element(0x30, oid(2), element(0xa0, element(0x30, version, element(0x31), element(0x30, oid(1))))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, "From: jo@example.net\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString(tt.file)+"\n", landlord())
			if m.Text != tt.want || (m.Error == "") != (tt.want != "") {
				t.Errorf("got %q, error %q, %+v", m.Text, m.Error, m.Attachments)
			}
		})
	}
}
