package mime

import "io"

func isTNEF(t, name string) bool                          { return false }
func (w *walk) tnefPart(r io.Reader, name string) []piece { return nil }
func (w *walk) attachmentText(kind string, p attachmentPart, r io.Reader) (string, string) {
	return "", ""
}
func (w *walk) uuFiles(p []piece) []piece                  { return p }
func (w *walk) complainant(h header, p []piece, o Options) {}
func languageOf(s string) string                           { return "und" }
