package mime

func (w *walk) complainant(h header, p []piece, o Options) {}
func languageOf(s string) string                           { return "und" }
