package classify

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// weightsLine is the only form in which fitted weights can be written back: a
// mapping on a line of its own.
var weightsLine = regexp.MustCompile(`^(\s*)([\pL\pN '-]+):\s*(\{[^{}]*\}|[0-9.]+)(\s*(?:#.*)?)$`)

// rewrite gives r's file with the weights of fitted in it, and the lines that
// changed, as a unified diff without context that "patch" can apply. The
// everyday words have a file of their own.
func rewrite(r, fitted *Rules) (file []byte, diff string, err error) {
	lines := strings.Split(string(r.source), "\n")
	var d strings.Builder
	put := func(at int, value string) error {
		m := weightsLine.FindStringSubmatch(lines[at])
		if m == nil {
			return fmt.Errorf("tune: line %d: write the weights as {label: number, …} on one line of their own", at+1)
		}
		line := m[1] + m[2] + ": " + value + m[4]
		if line != lines[at] {
			fmt.Fprintf(&d, "@@ -%d +%d @@ %s\n-%s\n+%s\n", at+1, at+1, idAbove(lines, at), lines[at], line)
		}
		lines[at] = line
		return nil
	}
	written := 0
	for at, line := range lines {
		var value string
		switch strings.TrimSpace(strings.SplitN(line, ":", 2)[0]) {
		case "bias":
			value = numbersOf(fitted.settings.bias)
		case "auto":
			value = numbersOf(fitted.settings.auto)
		case "temperature":
			value = plainNumber(fitted.settings.temperature)
		case "doubt":
			value = plainNumber(fitted.settings.doubt)
		case "doubt-stage2":
			value = plainNumber(fitted.settings.doubtStage2)
		default:
			continue
		}
		written++
		if err := put(at, value); err != nil {
			return nil, "", err
		}
	}
	if written < 3 {
		return nil, "", errors.New("tune: the fit sets bias, auto and temperature: give all three a line of their own under settings")
	}
	for i, rule := range fitted.rules {
		if at := r.rules[i].weightsLine - 1; at >= 0 && at < len(lines) && speaksForLabel(rule) {
			if err := put(at, mapping(rule.weights)); err != nil {
				return nil, "", err
			}
		}
	}
	return []byte(strings.Join(lines, "\n")), d.String(), nil
}

func speaksForLabel(r *rule) bool {
	for _, w := range r.weights {
		if w.slot >= 0 {
			return true
		}
	}
	return false
}

// idAbove names the rule that a line belongs to.
func idAbove(lines []string, at int) string {
	for ; at >= 0; at-- {
		if _, id, ok := strings.Cut(lines[at], "- id: "); ok {
			return id
		}
	}
	return "settings"
}

func numbersOf(values []float64) string {
	ws := make([]weight, 0, len(values))
	for i, target := range leanTargets()[:len(values)] {
		ws = append(ws, weight{target: target, value: values[i]})
	}
	return mapping(ws)
}

func mapping(ws []weight) string {
	parts := make([]string, 0, len(ws))
	for _, w := range ws {
		parts = append(parts, w.target+": "+plainNumber(w.value))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func plainNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
