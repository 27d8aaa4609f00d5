package scan

import (
	"bytes"
	"unicode/utf8"
)

// The formats, as Document.Format names them.
const (
	formatPDF  = "pdf"
	formatTIFF = "tiff"
	formatJPEG = "jpeg"
	formatPNG  = "png"
	formatHEIC = "heic"
	formatWebP = "webp"
	formatText = "text"
)

// Text is what Sniff calls typed text, which is no picture of a letter.
const Text = formatText

// Sniff says by its first bytes what a file is; empty when it is nothing that
// letters come in. Names lie, and are not asked.
func Sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return formatJPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG
	case isTIFF(head):
		return formatTIFF
	case len(head) >= 12 && string(head[4:8]) == "ftyp" && heicBrand(string(head[8:12])):
		return formatHEIC
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return formatWebP
	// Scanners put their own words before the header; readers look for it
	// within the first 1024 bytes (PDF 1.7, appendix H, note 13).
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return formatPDF
	case looksLikeText(head):
		return formatText
	}
	return ""
}

func isTIFF(head []byte) bool {
	for _, magic := range []string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

func heicBrand(brand string) bool {
	switch brand {
	case "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1", "avif":
		return true
	}
	return false
}

// looksLikeText wants UTF-8 without control characters, but for one that is
// cut at the end.
func looksLikeText(head []byte) bool {
	head = head[:min(len(head), 4096)]
	if len(bytes.TrimSpace(head)) == 0 {
		return false
	}
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1 && len(head) >= utf8.UTFMax:
			return false
		case r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f':
			return false
		}
		head = head[size:]
	}
	return true
}
