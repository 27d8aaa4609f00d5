package classify

import (
	"bytes"
	"embed"
	"fmt"
	"path"
)

//go:embed testdata/*.jsonl
var ownFiles embed.FS

// OwnExamples reads the project's own labelled examples, on which the rules
// that come with the program are tested. Every file of them is a source.
func OwnExamples() ([]Example, error) {
	entries, err := ownFiles.ReadDir("testdata")
	if err != nil {
		return nil, fmt.Errorf("own examples: %w", err)
	}
	var out []Example
	for _, e := range entries {
		data, err := ownFiles.ReadFile(path.Join("testdata", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("own examples: %w", err)
		}
		examples, err := ReadCorpus(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("own examples: %s: %w", e.Name(), err)
		}
		for i := range examples {
			examples[i].Source = e.Name()
		}
		out = append(out, examples...)
	}
	return out, nil
}
