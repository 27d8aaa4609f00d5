package templates

import (
	"errors"
	"fmt"
	"strings"
)

// A BlockKind says what a block is.
type BlockKind string

// The kinds of block.
const (
	Heading   BlockKind = "heading"
	Important BlockKind = "important"
	Fact      BlockKind = "fact"
	Item      BlockKind = "item"
	Quote     BlockKind = "quote"
	Paragraph BlockKind = "paragraph"
)

// A Block is one piece of a reply, whatever shape it will take.
type Block struct {
	Kind  BlockKind
	Label string // of a fact
	Words string // one line
}

var marks = map[string]BlockKind{"= ": Heading, "! ": Important, "@ ": Fact, "- ": Item, "> ": Quote}

// parse reads what a template wrote.
func parse(written string) (subject string, blocks []Block, err error) {
	open := false // the last block is a paragraph that may go on
	for line := range strings.Lines(written) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			open = false
		case subject == "" && len(blocks) == 0:
			if subject = strings.TrimSpace(strings.TrimPrefix(line, "Subject:")); subject == line || subject == "" {
				return "", nil, fmt.Errorf("the first line is %q, not a subject", line)
			}
		case open && marks[head(line)] == "":
			blocks[len(blocks)-1].Words += " " + line
		default:
			b, err := block(line)
			if err != nil {
				return "", nil, err
			}
			blocks = append(blocks, b)
			open = b.Kind == Paragraph || b.Kind == Important
		}
	}
	if subject == "" || len(blocks) == 0 {
		return "", nil, errors.New("nothing was written")
	}
	return subject, blocks, nil
}

func head(line string) string { return line[:min(2, len(line))] }

func block(line string) (Block, error) {
	kind := marks[head(line)]
	if kind == "" {
		return Block{Kind: Paragraph, Words: line}, nil
	}
	words := strings.TrimSpace(line[2:])
	if kind != Fact {
		return Block{Kind: kind, Words: words}, nil
	}
	label, value, ok := strings.Cut(words, "|")
	label, value = strings.TrimSpace(label), strings.TrimSpace(value)
	if !ok || label == "" || value == "" {
		return Block{}, fmt.Errorf("the fact %q has no value", line)
	}
	return Block{Kind: Fact, Label: label, Words: value}, nil
}

// text writes blocks for a reader without HTML. Lines are not wrapped: a
// narrow screen does it better. A quotation has quotation marks and no ">",
// which mail programs fold away.
func text(blocks []Block) string {
	var b strings.Builder
	for i, k := range blocks {
		if i > 0 && (k.Kind != blocks[i-1].Kind || !listed(k.Kind)) {
			b.WriteString("\n")
		}
		switch k.Kind {
		case Heading:
			b.WriteString(strings.ToUpper(k.Words))
		case Fact:
			b.WriteString(k.Label + ": " + k.Words)
		case Item:
			b.WriteString("- " + k.Words)
		case Quote:
			b.WriteString("- “" + k.Words + "”")
		case Important, Paragraph:
			b.WriteString(k.Words)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// listed reports whether neighbours of this kind stand close together.
func listed(k BlockKind) bool { return k == Fact || k == Item || k == Quote }
