package main

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A problem is one thing wrong with the configuration, and where.
type problem struct {
	key  string // such as mailboxes[0].start
	line int    // in the file; 0 where no line is to blame
	what string
}

func (p problem) String() string {
	if p.line == 0 {
		return p.key + ": " + p.what
	}
	return fmt.Sprintf("%s: %s (line %d)", p.key, p.what, p.line)
}

// A decoder reads YAML into a configuration, strictly, and collects every
// problem with its key's path; yaml.v3 alone names a line and a Go type.
type decoder struct{ problems []problem }

func (d *decoder) complain(key string, n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, problem{key, n.Line, fmt.Sprintf(format, args...)})
}

// parse returns the file's mapping, nil for a file that says nothing.
func parse(in io.Reader) (*yaml.Node, error) {
	y := yaml.NewDecoder(in)
	var document, second yaml.Node
	if err := y.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, plainYAML(err)
	}
	if err := y.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document begins; everything belongs into one", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, plainYAML(err)
	}
	if root := document.Content[0]; root.Tag != "!!null" {
		return root, nil
	}
	return nil, nil
}

// plainYAML adds to what the library says of a file's shape what is mostly the
// cause.
func plainYAML(err error) error {
	for said, cause := range map[string]string{
		"tab character":          "lines are indented by spaces, never by a tab",
		"cannot start any token": "lines are indented by spaces, never by a tab, and a value that begins with @, % or ` stands in quotation marks",
		"mapping values":         "a value with a colon and a space in it stands in quotation marks, and settings of one section begin below each other",
		"did not find expected":  "a quotation mark or bracket is not closed, or a line begins further left or right than its neighbours",
	} {
		if strings.Contains(err.Error(), said) {
			return fmt.Errorf("%w: %s", err, cause)
		}
	}
	return err
}

// set puts what the file says into v, whose value until then is the default.
// A key without a value leaves the default.
func (d *decoder) set(v reflect.Value, n *yaml.Node, key string) {
	if n.Kind == yaml.AliasNode {
		d.complain(key, n, "aliases (*name) are not understood here; write the value out")
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if text, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		if d.scalar(n, key, "a single value") {
			if err := text.UnmarshalText([]byte(n.Value)); err != nil {
				d.complain(key, n, "%v", err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.setStruct(v, n, key)
	case reflect.Slice:
		d.setSlice(v, n, key)
	case reflect.Map:
		d.setMap(v, n, key)
	default:
		d.setScalar(v, n, key)
	}
}

func (d *decoder) setStruct(v reflect.Value, n *yaml.Node, key string) {
	fields := fieldsOf(v.Type())
	d.pairs(n, key, func(name string, nameNode, value *yaml.Node) {
		index, ok := fields[name]
		if !ok {
			d.complain(join(key, name), nameNode, "unknown key; known here: %s", strings.Join(namesOf(v.Type()), ", "))
			return
		}
		d.set(v.Field(index), value, join(key, name))
	})
}

func (d *decoder) setMap(v reflect.Value, n *yaml.Node, key string) {
	m := reflect.MakeMap(v.Type())
	d.pairs(n, key, func(name string, _, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.set(item, value, join(key, name))
		m.SetMapIndex(reflect.ValueOf(name), item)
	})
	v.Set(m)
}

// pairs calls f for each key of a mapping, once.
func (d *decoder) pairs(n *yaml.Node, key string, f func(name string, nameNode, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.complain(key, n, "want settings below it, as \"name: value\"")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if seen[name.Value] {
			d.complain(join(key, name.Value), name, "stands here twice")
			continue
		}
		seen[name.Value] = true
		f(name.Value, name, value)
	}
}

// setSlice replaces the default list; each item starts from its own defaults.
func (d *decoder) setSlice(v reflect.Value, n *yaml.Node, key string) {
	if n.Kind != yaml.SequenceNode {
		d.complain(key, n, "want a list, as \"- item\" or [item, item]")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		element := list.Index(i)
		if e, ok := reflect.TypeAssert[interface{ setDefaults() }](element.Addr()); ok {
			e.setDefaults()
		}
		d.set(element, item, fmt.Sprintf("%s[%d]", key, i))
	}
	v.Set(list)
}

func (d *decoder) scalar(n *yaml.Node, key, want string) bool {
	if n.Kind == yaml.ScalarNode {
		return true
	}
	d.complain(key, n, "want %s", want)
	return false
}

func (d *decoder) setScalar(v reflect.Value, n *yaml.Node, key string) {
	var want string
	var err error
	switch into := v.Addr().Interface().(type) {
	case *time.Duration:
		want = "a span of time such as 90s, 15m or 24h"
		if n.Kind == yaml.ScalarNode {
			*into, err = time.ParseDuration(n.Value)
		}
	case *string:
		want = "a single value"
		*into = n.Value // as written: a phone number is no number
	case *int:
		want = "a whole number"
		err = n.Decode(into)
	case *bool:
		want = "true or false"
		err = n.Decode(into)
	default:
		if v.Kind() == reflect.String { // a name of ours, judged with the rest of its section
			want = "a single value"
			v.SetString(n.Value)
			break
		}
		want = "nothing: the program cannot read this type, which is its mistake"
		err = errors.ErrUnsupported
	}
	if !d.scalar(n, key, want) {
		return
	}
	if err != nil {
		d.complain(key, n, "want %s, not %q", want, n.Value)
	}
}

// fieldsOf gives the index of each key that the file may set.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int)
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "-" {
			fields[name] = i
		}
	}
	return fields
}

// namesOf lists the keys in the order of the struct.
func namesOf(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		if name := field.Tag.Get("yaml"); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
