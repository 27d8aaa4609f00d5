package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is looked at in JSON.
const (
	deepest   = 5  // objects and lists within each other
	mostWrong = 20 // mistakes are told of at once
)

// doorFields are all names that a message may have, lists as "*". encoding/json
// takes them in any case and the last of two, which would be a way to say one
// thing to whoever looks and another to us.
func doorFields() []string {
	return strings.Fields(`/id /received_at /channel /subject /text /outcome_wanted /complainant /complainant/name /complainant/email /complainant/phone
		/complainant/postal_address /complainant/customer_number /identity_confirmed /for_somebody_else /reply_by /needs /other_needs /case_reference /danger_now
		/taken_down_by /attachments /attachments/*/filename /attachments/*/content`)
}

// A shape looks at JSON before it is read: names that are not described, names
// that come twice, and nulls.
type shape struct {
	in    *json.Decoder
	known []string
	wrong []fieldError
}

// check returns an error for what is no JSON object at all.
func (s *shape) check(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("some bytes are no UTF-8")
	}
	s.in, s.known = json.NewDecoder(bytes.NewReader(body)), doorFields()
	s.in.UseNumber()
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return errors.New("it does not begin with {")
	}
	if err := s.value("", "", 0); err != nil {
		return err
	}
	if _, err := s.in.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

func (s *shape) found(at, text string) {
	if len(s.wrong) < mostWrong {
		s.wrong = append(s.wrong, fieldError{cut(at, shortText), text})
	}
}

// value looks at what stands at a place; kind is the place with lists as "*".
func (s *shape) value(at, kind string, depth int) error {
	t, err := s.in.Token()
	if err != nil {
		return plainJSON(err)
	}
	if t == nil {
		s.found(at, "is null: leave it out instead")
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == deepest {
		return errors.New("it is nested too deeply")
	}
	if open == '[' {
		for i := 0; s.in.More(); i++ {
			if err := s.value(at+"/"+strconv.Itoa(i), kind+"/*", depth+1); err != nil {
				return err
			}
		}
	} else if err := s.members(at, kind, depth); err != nil {
		return err
	}
	_, err = s.in.Token()
	return plainJSON(err)
}

func (s *shape) members(at, kind string, depth int) error {
	seen := map[string]bool{}
	for s.in.More() {
		t, err := s.in.Token()
		if err != nil {
			return plainJSON(err)
		}
		name, _ := t.(string) // the decoder lets nothing else through
		escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		switch {
		case seen[name]:
			s.found(at+"/"+escaped, "comes twice")
		case !slices.Contains(s.known, kind+"/"+escaped):
			s.found(at+"/"+escaped, "is no field that is described")
		}
		seen[name] = true
		if err := s.value(at+"/"+escaped, kind+"/"+escaped, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// plainJSON says what is no JSON without quoting it.
func plainJSON(err error) error {
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errors.New("a mistake stands after " + strconv.FormatInt(bad.Offset, 10) + " bytes")
	}
	return errors.New("it breaks off")
}
