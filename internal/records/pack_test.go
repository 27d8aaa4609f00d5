package records

import "testing"

// The file of a case is opened by people: each file in it is called by what it
// is, and an officer's Word document as they called it.
func TestFilesAreCalledByWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ start, called, want string }{
		{"%PDF-1.7 answer", "answer.docx", ".pdf"},
		{"PK\x03\x04 a document", "Our answer.DOCX", ".docx"},
		{"PK\x03\x04 a document", "", ".bin"},
		{"PK\x03\x04 a document", "answer.do/cx", ".bin"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", ".webp"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "", ".heic"},
		{"From: a@homes.example\r\n\r\nno heating", "", ".eml"},
		{"We are sorry", "answer.txt", ".txt"},
	} {
		if got := extension([]byte(row.start), row.called); got != row.want {
			t.Errorf("%q, called %q, ends in %s, want %s", row.start, row.called, got, row.want)
		}
	}
}
