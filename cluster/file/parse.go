package file

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	kjson "sigs.k8s.io/json"
)

// largest is how large a document may be that has to be in memory as a whole: any single object,
// and a list that the quick look is not sure of. An API server stores no object of a tenth of it.
const largest = 16 << 20

// deepest is how many lists in lists are looked into.
const deepest = 8

// parsed is an object as the real parser found it.
type parsed struct {
	header     header
	start, end int // the document it is in, in the bytes that were parsed
	line       int // where the object starts, relative to the first line of those bytes
	isJSON     bool
	path       []int  // of an item: its index in the list, in the list in that, …
	json       []byte // of an item: the item itself
	// wrong is what is the matter with a field of the header, should the object be of a kind
	// that is read.
	wrong problem
}

// problem is why something could not be parsed.
type problem struct {
	line    int // relative to the first line of what was parsed
	field   string
	message string
}

// parse is the real parser's answer to what the quick look asks: the objects in a document, in
// order. A document that is not a Kubernetes object has none.
func parse(data []byte) ([]parsed, *problem) {
	if len(data) > largest {
		return nil, tooLarge()
	}
	var notJSON *problem
	if b := bytes.TrimLeft(data, " \t\r\n"); len(b) > 0 && b[0] == '{' {
		objects, isJSON, p := parseStream(data)
		if isJSON {
			return objects, p
		}
		notJSON = p
	}
	if brokenAcross(data) {
		return nil, &problem{message: "documents are divided by line breaks other than a newline; convert the file to newlines"}
	}
	value, p := toJSON(data)
	if p != nil {
		return nil, cmp.Or(notJSON, p)
	}
	d := dissection{lines: &lineFinder{data: data}}
	if p := d.object(value, nil); p != nil {
		return nil, p
	}
	for i := range d.found {
		d.found[i].end = len(data)
	}
	return d.found, nil
}

func tooLarge() *problem {
	return &problem{message: fmt.Sprintf("a document of more than %d MiB cannot be read as one piece; split it, or write it as plain block YAML or as JSON", largest>>20)}
}

// parseStream parses JSON objects that follow one another. When not even the first is JSON, the
// bytes may still be YAML in flow style.
func parseStream(data []byte) (objects []parsed, isJSON bool, p *problem) {
	stream := json.NewDecoder(bytes.NewReader(data))
	for {
		if rest := data[stream.InputOffset():]; len(bytes.TrimSpace(rest)) == 0 {
			return objects, isJSON, nil
		}
		var value json.RawMessage
		if err := stream.Decode(&value); err != nil {
			return nil, isJSON, &problem{line: brokenAt(data, err), message: "this JSON cannot be parsed: " + inWords(err.Error())}
		}
		isJSON = true
		end := int(stream.InputOffset())
		start := end - len(value)
		first := bytes.Count(data[:start], newline)
		d := dissection{lines: &lineFinder{data: value}}
		if p := d.object(value, nil); p != nil {
			p.line += first
			return nil, true, p
		}
		for _, o := range d.found {
			o.start, o.end, o.line, o.isJSON = start, end, o.line+first, true
			o.wrong.line += first
			objects = append(objects, o)
		}
	}
}

// brokenAt returns the line in which JSON stopped being JSON: the last one, where it only ends.
func brokenAt(data []byte, err error) int {
	upTo := bytes.TrimRight(data, " \t\r\n")
	var wrong *json.SyntaxError
	if errors.As(err, &wrong) && wrong.Offset > 0 && wrong.Offset <= int64(len(data)) {
		upTo = data[:wrong.Offset-1]
	}
	return bytes.Count(upTo, newline)
}

// dissection takes lists apart.
type dissection struct {
	lines *lineFinder
	found []parsed
}

// object adds the object that a JSON value is, or if that is a list the objects in it. Anything
// else adds nothing.
func (d *dissection) object(value []byte, path []int) *problem {
	if b := bytes.TrimSpace(value); len(b) == 0 || b[0] != '{' {
		return nil
	}
	var fields struct {
		APIVersion json.RawMessage   `json:"apiVersion"`
		Kind       json.RawMessage   `json:"kind"`
		Metadata   json.RawMessage   `json:"metadata"`
		Items      []json.RawMessage `json:"items"`
	}
	if strict, err := kjson.UnmarshalStrict(value, &fields, kjson.DisallowDuplicateFields); err != nil {
		fields.Items = nil // items that are no list: not a list of ours
	} else if len(strict) > 0 && len(fields.Kind) > 0 {
		return &problem{line: d.lines.of(path), message: strict[0].Error()}
	}
	o := parsed{line: d.lines.of(path), path: path}
	var isText [2]bool
	o.header.apiVersion, isText[0] = textIn(fields.APIVersion)
	o.header.kind, isText[1] = textIn(fields.Kind)
	if !isText[0] || !isText[1] {
		return nil
	}
	if item, isList := listKind(string(o.header.kind)); isList && fields.Items != nil {
		if len(path) == deepest {
			return &problem{line: o.line, message: "lists are nested too deep"}
		}
		for i, inner := range fields.Items {
			before := len(d.found)
			if p := d.object(inner, append(path[:len(path):len(path)], i)); p != nil {
				return p
			}
			for j := before; j < len(d.found); j++ {
				d.found[j].header.inherit(o.header.apiVersion, item)
			}
		}
		if len(fields.Items) > 0 {
			return nil
		}
		// An empty list stays for what it is: it says that there is nothing.
	}
	d.metadata(&o, fields.Metadata)
	if path != nil {
		o.json = value
	}
	d.found = append(d.found, o)
	return nil
}

// inherit gives the item of a typed list, which may leave it out, its kind.
func (h *header) inherit(apiVersion []byte, item string) {
	if len(h.kind) == 0 && len(h.apiVersion) == 0 && item != "" {
		h.apiVersion, h.kind = apiVersion, []byte(item)
	}
}

// metadata reads the names of an object.
func (d *dissection) metadata(o *parsed, value []byte) {
	var fields struct {
		Name         json.RawMessage `json:"name"`
		Namespace    json.RawMessage `json:"namespace"`
		GenerateName json.RawMessage `json:"generateName"`
	}
	strict, err := kjson.UnmarshalStrict(orNull(value), &fields, kjson.DisallowDuplicateFields)
	switch {
	case err != nil:
		o.wrong = problem{field: "metadata", message: "must be an object"}
	case len(strict) > 0:
		o.wrong = problem{field: "metadata", message: strict[0].Error()}
	}
	for _, f := range []struct {
		name  string
		value []byte
		text  *[]byte
	}{
		{"name", fields.Name, &o.header.name},
		{"namespace", fields.Namespace, &o.header.namespace},
		{"generateName", fields.GenerateName, &o.header.generateName},
	} {
		var isText bool
		if *f.text, isText = textIn(f.value); !isText {
			o.wrong = problem{field: "metadata." + f.name, message: "must be a text; put it in quotes"}
		}
	}
	if o.wrong.message != "" {
		o.wrong.line, _ = d.lines.field(o.path, o.wrong.field)
	}
}

func orNull(value []byte) []byte {
	if len(value) == 0 {
		return []byte("null")
	}
	return value
}

// textIn returns the text that a JSON value is. Null and nothing are the empty text.
func textIn(value []byte) (text []byte, isText bool) {
	if len(value) == 0 || string(value) == "null" {
		return nil, true
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return nil, false
	}
	return []byte(s), true
}
