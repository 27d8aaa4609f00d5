package web

import (
	"path"
	"slices"
	"strings"
)

// care is how an attachment is to be treated.
type care int

const (
	opens     care = iota // as any document
	askFirst              // somebody who knows has to look first
	keepsShut             // a program
)

// runs are the endings of what runs, or leads elsewhere, when it is opened, on
// any of the systems that officers have. Many of them are plain text.
const runs = `.exe .com .scr .bat .cmd .js .jse .vbs .vbe .vb .ws .wsf .wsh .wsc .sct .ps1 .psm1 .jar .jnlp .msi .msp .mst .msc .msix .appx
	.appref-ms .application .lnk .url .website .library-ms .search-ms .settingcontent-ms .hta .dll .cpl .reg .inf .apk .app .dmg .pkg .pif .chm .hlp
	.gadget .diagcab .rdp .iqy .slk .xll .one .sh .csh .command .py .pyw .pl .rb .php`

// attachedWords says what an attachment is, by its content and its name, and
// how to treat it. One that is a program is not offered to be saved; it is
// still in the original.
func attachedWords(kind, name string) (words string, how care) {
	ending := strings.ToLower(path.Ext(name))
	switch {
	case slices.Contains(strings.Fields(runs), ending),
		slices.Contains(strings.Fields("application/vnd.microsoft.portable-executable application/x-msdownload application/x-elf application/x-executable application/x-mach-binary application/x-sh application/java-archive application/x-ms-shortcut"), kind):
		return "Not to be opened: a program. Ask for it another way", keepsShut
	case slices.Contains(strings.Fields(".docm .xlsm .xlsb .pptm .dotm .xltm .xlam"), ending):
		return "Office file with macros: have IT look at it first", askFirst
	case slices.Contains(strings.Fields("text/html application/xhtml+xml image/svg+xml"), kind), slices.Contains(strings.Fields(".html .htm .xhtml .mht .mhtml .svg"), ending):
		return "Web page: may ask for passwords, so have IT look at it first", askFirst
	case slices.Contains(strings.Fields(".iso .img .vhd .vhdx"), ending),
		slices.Contains(strings.Fields("application/zip application/x-rar-compressed application/x-7z-compressed application/gzip application/x-tar"), kind):
		return "Archive: programs may be inside, so have IT look at it first", askFirst
	}
	if words := kindWords(kind); words != "" {
		return words, opens
	}
	return "Unknown (" + kind + "): have IT look at it first", askFirst
}

// kindWords names what everybody opens; "" for anything else.
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
	return ""
}
