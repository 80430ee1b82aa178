package desired

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Schema is the JSON Schema (draft 2020-12) of state.yaml, version 1, for
// editors and for whoever writes such files by program. What it accepts is
// right key by key; Parse knows more: that names belong together, and that no
// key stands twice. Where YAML would read a name as a truth value, the schema
// wants quotes and Parse doesn't.
func Schema() []byte {
	root := jsonSchema{
		Dialect:     "https://json-schema.org/draft/2020-12/schema",
		Title:       "state.yaml of reconciler, version 1",
		Description: "What should run. A service that is not listed is never touched.",
		Type:        types{"object"},
		Required:    []string{"version", "project", "services"},
		Properties:  documentTable,
		Additional:  &never,
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(err) // the tables are constant
	}
	return out.Bytes()
}

// jsonSchema says what a value may be, in the words of JSON Schema. The zero value
// accepts everything.
type jsonSchema struct {
	Dialect      string       `json:"$schema,omitempty"`
	Title        string       `json:"title,omitempty"`
	Description  string       `json:"description,omitempty"`
	Type         types        `json:"type,omitempty"`
	Const        any          `json:"const,omitempty"`
	Enum         []string     `json:"enum,omitempty"`
	Pattern      string       `json:"pattern,omitempty"`
	PatternError string       `json:"patternErrorMessage,omitempty"` // no standard, but editors show it
	Format       string       `json:"format,omitempty"`
	Minimum      *int         `json:"minimum,omitempty"`
	Maximum      *int         `json:"maximum,omitempty"`
	Default      any          `json:"default,omitempty"`
	Examples     []any        `json:"examples,omitempty"`
	Items        *jsonSchema  `json:"items,omitempty"`
	UniqueItems  bool         `json:"uniqueItems,omitempty"`
	Required     []string     `json:"required,omitempty"`
	Names        *jsonSchema  `json:"propertyNames,omitempty"`
	Properties   keys         `json:"properties,omitempty"`
	Additional   *jsonSchema  `json:"additionalProperties,omitempty"`
	AnyOf        []jsonSchema `json:"anyOf,omitempty"`
	AllOf        []jsonSchema `json:"allOf,omitempty"`
	If           *jsonSchema  `json:"if,omitempty"`
	Then         *jsonSchema  `json:"then,omitempty"`
	Else         *jsonSchema  `json:"else,omitempty"`
	Not          *jsonSchema  `json:"not,omitempty"`
}

// never accepts nothing.
var never = jsonSchema{Not: &jsonSchema{}}

// MarshalJSON writes never as the word that editors know.
func (s jsonSchema) MarshalJSON() ([]byte, error) {
	if s.Not == never.Not {
		return []byte("false"), nil
	}
	type plain jsonSchema
	return marshal(plain(s))
}

// types are the JSON types of a value, any of them.
type types []string

// MarshalJSON writes one type as a word.
func (t types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return marshal(t[0])
	}
	return marshal([]string(t))
}

// keys are the keys of a mapping and what may stand there, in the order in
// which a reader is shown them.
type keys []key

type key struct {
	name  string
	value jsonSchema
}

// names are the names of the keys alone.
func (k keys) names() []string {
	names := make([]string, len(k))
	for i, key := range k {
		names[i] = key.name
	}
	return names
}

// MarshalJSON writes an object that keeps the order.
func (k keys) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	for i, key := range k {
		name, err := marshal(key.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(key.value)
		if err != nil {
			return nil, err
		}
		out.WriteByte("{,"[min(i, 1)])
		out.Write(slices.Concat(name, []byte(":"), value))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// word is one of a closed set; the first is the default.
func word[T ~string](choices []T, description string) jsonSchema {
	return jsonSchema{Description: description, Type: types{"string"}, Enum: wordsOf(choices), Default: choices[0]}
}

func wordsOf[T ~string](choices []T) []string {
	words := make([]string, len(choices))
	for i, c := range choices {
		words[i] = string(c)
	}
	return words
}

// durationForm is what time.ParseDuration takes and isn't negative.
const durationForm = `^[+]?(0|(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// lasting is a duration; a negative default: none that could be written.
func lasting(standard time.Duration, description string) jsonSchema {
	zero := 0
	s := jsonSchema{
		Description: description, Type: types{"string", "integer"}, Pattern: durationForm,
		PatternError: "write it like 500ms, 30s, 10m or 1h", Minimum: &zero, Maximum: &zero,
	}
	if standard >= 0 {
		s.Default = shortest(standard)
	}
	return s
}

// shortest is the duration without its zeroes: 10m, not 10m0s.
func shortest(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// object is a mapping of these keys and no others.
func object(description string, properties keys) jsonSchema {
	return jsonSchema{Description: description, Type: types{"object"}, Properties: properties, Additional: &never}
}
