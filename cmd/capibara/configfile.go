package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"capibara/importer"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// duration is a length of time, written with the units y d h m s.
type duration time.Duration

// UnmarshalYAML reads a length of time. It works on the node, so that an error knows its place in the file.
func (d *duration) UnmarshalYAML(n ast.Node) error {
	v, err := importer.ParseDuration(n.GetToken().Value)
	if err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	*d = duration(v)
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (d duration) MarshalYAML() (any, error) { return d.String(), nil }

func (d duration) String() string { return importer.Duration(d).String() }

// digits is an id made of digits, quoted or not: as a number it would be too large for some readers.
type digits string

// UnmarshalYAML reads the id as it is written.
func (d *digits) UnmarshalYAML(n ast.Node) error {
	switch n.(type) {
	case *ast.IntegerNode, *ast.StringNode, *ast.FloatNode:
		*d = digits(strings.TrimSpace(n.GetToken().Value))
		return nil
	}
	return &yaml.SyntaxError{Message: "an id is a number, such as \"1234567890\"", Token: n.GetToken()}
}

// specs is one cron expression or a list of them.
type specs []string

// UnmarshalYAML reads a string or a list.
func (s *specs) UnmarshalYAML(n ast.Node) error {
	if one, ok := n.(*ast.StringNode); ok {
		*s = specs{one.Value}
		return nil
	}
	var list []string
	if err := yaml.NodeToValue(n, &list); err != nil {
		return &yaml.SyntaxError{Message: `write a cron expression such as "0 2 * * *", or a list of them`, Token: n.GetToken()}
	}
	*s = list
	return nil
}

// parseConfig reads the text of a configuration over the defaults. Its error says line and column and never quotes the
// file, which may hold what should not be in it.
func parseConfig(text []byte) (c config, err error) {
	// The library panics over some texts that are no YAML at all.
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("this cannot be read as YAML; look at tags (!), anchors (&) and indentation")
		}
	}()
	c = defaults()
	err = yaml.UnmarshalWithOptions(text, &c, yaml.Strict())
	var at yaml.Error
	switch {
	case err == nil && blank(text):
		return defaults(), nil // the library takes it for a null, which would take the defaults away
	case err == nil:
		return c, nil
	case !errors.As(err, &at) || at.GetToken() == nil:
		return c, err
	}
	where := at.GetToken().Position
	return c, fmt.Errorf("line %d, column %d: %s", where.Line, where.Column, sentence(text, err, at))
}

// blank reports whether nothing is written in a configuration but comments.
func blank(text []byte) bool {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return false
	}
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.NullType && d.Body.Type() != ast.CommentType {
			return false
		}
	}
	return true
}

// sentence says what is wrong to somebody who does not know how this program is built.
func sentence(text []byte, err error, at yaml.Error) string {
	var (
		unknown *yaml.UnknownFieldError
		typed   *yaml.TypeError
		node    *yaml.UnexpectedNodeTypeError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownKey(text, at.GetToken())
	case errors.As(err, &typed) && typed.DstType != nil:
		return "this must be " + kindName(typed.DstType)
	case errors.As(err, &node):
		return fmt.Sprintf("this is a %s, and a %s belongs here", nodeName(node.Actual), nodeName(node.Expected))
	}
	return at.GetMessage()
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "a mapping of keys to values"
}

func nodeName(t ast.NodeType) string {
	switch t {
	case ast.MappingType, ast.MappingValueType:
		return "mapping of keys to values"
	case ast.SequenceType:
		return "list"
	}
	return "single value"
}

// unknownKey names the key and the one that was most likely meant, or else the keys that this place knows.
func unknownKey(text []byte, key *token.Token) string {
	said := "unknown key " + strconv.Quote(key.Value)
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return said
	}
	known := keysBeside(file.Docs[0].Body, reflect.TypeFor[config](), key.Position)
	if near := nearest(key.Value, known); near != "" {
		return said + "; did you mean " + near + "?"
	}
	if len(known) > 0 {
		said += "; the keys here are " + strings.Join(known, ", ")
	}
	return said
}

// keysBeside walks the file along the type that it is read into, and returns the keys that may stand at that position.
func keysBeside(n ast.Node, t reflect.Type, at *token.Position) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if found := keysBeside(v, t, at); found != nil {
				return found
			}
		}
	case *ast.MappingValueNode:
		here := n.Key.GetToken()
		if here.Position.Line == at.Line && here.Position.Column == at.Column {
			return keysOf(t)
		}
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				if keyOf(t.Field(i)) == here.Value {
					return keysBeside(n.Value, t.Field(i).Type, at)
				}
			}
		case reflect.Map:
			return keysBeside(n.Value, t.Elem(), at)
		}
	case *ast.AnchorNode:
		return keysBeside(n.Value, t, at)
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			return nil
		}
		for _, v := range n.Values {
			if found := keysBeside(v, t.Elem(), at); found != nil {
				return found
			}
		}
	}
	return nil
}

func keysOf(t reflect.Type) []string {
	var keys []string
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if key := keyOf(t.Field(i)); key != "" && key != "-" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key
}
