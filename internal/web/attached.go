package web

import (
	"path"
	"slices"
	"strings"
)

// attachedWords says what an attachment is, by its content and its name, and
// whether it may be opened. One that is a program is not offered to be saved;
// it is still in the original.
func attachedWords(kind, name string) (words string, program bool) {
	ending := strings.ToLower(path.Ext(name))
	switch {
	case slices.Contains(strings.Fields(".exe .com .scr .bat .cmd .js .jse .vbs .vbe .wsf .ps1 .jar .msi .lnk .hta .dll .cpl .reg .apk .app .dmg .pif .chm .sh"), ending),
		slices.Contains(strings.Fields("application/vnd.microsoft.portable-executable application/x-msdownload application/x-elf application/x-executable application/x-mach-binary application/x-sh application/java-archive application/x-ms-shortcut"), kind):
		return "Not to be opened: a program. Ask for it another way", true
	case slices.Contains(strings.Fields(".docm .xlsm .xlsb .pptm .dotm .xltm .xlam"), ending):
		return "Office file with macros: have IT look at it first", false
	case slices.Contains(strings.Fields("text/html application/xhtml+xml image/svg+xml"), kind), ending == ".html", ending == ".htm", ending == ".svg":
		return "Web page: may ask for passwords, so have IT look at it first", false
	case slices.Contains(strings.Fields(".iso .img .vhd .vhdx"), ending),
		slices.Contains(strings.Fields("application/zip application/x-rar-compressed application/x-7z-compressed application/gzip application/x-tar"), kind):
		return "Archive: programs may be inside, so have IT look at it first", false
	}
	return kindWords(kind), false
}

func kindWords(kind string) string {
	switch {
	case kind == "application/pdf":
		return "PDF document"
	case strings.HasPrefix(kind, "image/"):
		return "Picture (" + strings.ToUpper(strings.TrimPrefix(kind, "image/")) + ")"
	case strings.HasPrefix(kind, "audio/"):
		return "Sound recording"
	case strings.HasPrefix(kind, "video/"):
		return "Film"
	case kind == "message/rfc822":
		return "Mail"
	case kind == "text/calendar":
		return "Calendar entry"
	case strings.Contains(kind, "wordprocessingml"), kind == "application/msword", strings.HasSuffix(kind, "opendocument.text"), kind == "text/rtf":
		return "Word document"
	case strings.Contains(kind, "spreadsheet"), kind == "application/vnd.ms-excel", kind == "text/csv":
		return "Spreadsheet"
	case strings.HasPrefix(kind, "text/"):
		return "Text"
	case kind == "application/x-empty":
		return "Empty"
	}
	return "Unknown (" + kind + "): have IT look at it first"
}
