package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
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

// A shape looks at JSON before it is read: names that are not described, names
// that come twice, nulls, and values of another kind than what is described.
// encoding/json takes names in any case and the last of two, which would be a
// way to say one thing to whoever looks and another to us, and it tells of the
// first wrong value alone.
type shape struct {
	in    *json.Decoder
	wrong []fieldError
}

// check returns an error for what is no JSON object at all.
func (s *shape) check(body []byte, want reflect.Type) error {
	if !utf8.Valid(body) {
		return errors.New("some bytes are no UTF-8")
	}
	s.in = json.NewDecoder(bytes.NewReader(body))
	s.in.UseNumber()
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return errors.New("it does not begin with {")
	}
	if err := s.value("", want, 0); err != nil {
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

// also adds what is wrong with the values, but where something is said of a
// field already, or of what it is in: it would only follow from that.
func (s *shape) also(more []fieldError) {
	before := s.wrong
	for _, m := range more {
		if !slices.ContainsFunc(before, func(f fieldError) bool { return m.Field == f.Field || strings.HasPrefix(m.Field, f.Field+"/") }) {
			s.found(m.Field, m.Detail)
		}
	}
}

// value looks at what stands at a place. want is nil where nothing is described.
func (s *shape) value(at string, want reflect.Type, depth int) error {
	t, err := s.in.Token()
	if err != nil {
		return plainJSON(err)
	}
	switch is := jsonKind(t); {
	case t == nil:
		s.found(at, "is null: leave it out instead")
	case want != nil && is != takes(want):
		s.found(at, "is not of the kind that is described: it is "+is)
		want = nil
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == deepest {
		return errors.New("it is nested too deeply")
	}
	if open == '[' {
		if want != nil {
			want = want.Elem()
		}
		for i := 0; s.in.More(); i++ {
			if err := s.value(at+"/"+strconv.Itoa(i), want, depth+1); err != nil {
				return err
			}
		}
	} else if err := s.members(at, want, depth); err != nil {
		return err
	}
	_, err = s.in.Token()
	return plainJSON(err)
}

func (s *shape) members(at string, want reflect.Type, depth int) error {
	seen := map[string]bool{}
	for s.in.More() {
		t, err := s.in.Token()
		if err != nil {
			return plainJSON(err)
		}
		name, _ := t.(string) // the decoder lets nothing else through
		field := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		member := memberOf(want, name)
		switch {
		case seen[name]:
			s.found(field, "comes twice")
		case want != nil && member == nil:
			s.found(field, "is no field that is described")
		}
		seen[name] = true
		if err := s.value(field, member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// memberOf is what a field of an object holds; nil when there is none of
// exactly that name.
func memberOf(object reflect.Type, name string) reflect.Type {
	if object == nil {
		return nil
	}
	for f := range object.Fields() {
		if f.Tag.Get("json") == name {
			return f.Type
		}
	}
	return nil
}

// takes is the kind of JSON that a field takes.
func takes(want reflect.Type) string {
	switch {
	case want.Kind() == reflect.Struct:
		return "object"
	case want.Kind() == reflect.Slice && want.Elem().Kind() != reflect.Uint8: // bytes are base64
		return "array"
	case want.Kind() == reflect.Bool:
		return "bool"
	}
	return "string"
}

// jsonKind is the kind of JSON that begins with a token.
func jsonKind(t json.Token) string {
	switch t {
	case json.Delim('{'):
		return "object"
	case json.Delim('['):
		return "array"
	}
	switch t.(type) {
	case bool:
		return "bool"
	case json.Number:
		return "number"
	}
	return "string"
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
