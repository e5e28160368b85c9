package file

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

var newline = []byte("\n")

// toJSON converts one YAML document the way kubectl does.
func toJSON(data []byte) (value []byte, p *problem) {
	if p := inflates(data); p != nil {
		return nil, p
	}
	defer func() {
		if r := recover(); r != nil { // a fault of the parser must not end the program
			value, p = nil, &problem{message: fmt.Sprintf("this YAML cannot be parsed: %v", r)}
		}
	}()
	value, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		p := yamlProblem(err)
		if strings.HasSuffix(p.message, "is there twice") && startsObject(data, p.line) {
			p.message += ": a line with --- between the objects is missing?"
		}
		return nil, p
	}
	return value, nil
}

// startsObject tells whether a line, counted from 0, is one that objects start with.
func startsObject(data []byte, line int) bool {
	n := 0
	for text := range bytes.Lines(data) {
		if n == line {
			return bytes.HasPrefix(text, []byte("apiVersion:")) || bytes.HasPrefix(text, []byte("kind:"))
		}
		n++
	}
	return false
}

var lineInError = regexp.MustCompile(`line (\d+): ?`)

// yamlProblem takes the line out of an error of the YAML parser, and the parser's own words for
// where it was.
func yamlProblem(err error) *problem {
	text := err.Error()
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors:\n  "} {
		text = strings.TrimPrefix(text, prefix)
	}
	text, _, _ = strings.Cut(text, "\n")
	p := &problem{}
	if m := lineInError.FindStringSubmatchIndex(text); m != nil {
		if n, err := strconv.Atoi(text[m[2]:m[3]]); err == nil {
			p.line = max(0, n-1)
			text = text[:m[0]] + text[m[1]:]
		}
	}
	p.message = "this YAML cannot be parsed: " + inWords(text)
	return p
}

// parserWords says the same as parsers written in Go, for those who do not write Go.
var parserWords = strings.NewReplacer(
	"already set in map", "is there twice",
	"found character that cannot start any token", "a tab, or another character that YAML does not allow here",
	"invalid character ", "",
	" looking for beginning of object key string", " where a name in double quotes belongs",
	" looking for beginning of value", " where a value belongs",
	" after object key:value pair", " where a comma or } belongs",
	" after array element", " where a comma or ] belongs",
	" after object key", " where a colon belongs",
	"unexpected EOF", "it ends too early",
)

func inWords(text string) string { return parserWords.Replace(text) }

// brokenAcross tells whether the YAML parser would see more than one document: line breaks that
// are not newlines can stand before a separator too.
func brokenAcross(data []byte) bool {
	for _, lineBreak := range [][]byte{carriageReturn, nextLine, lineSeparator, paragraphSeparator} {
		for b := data; ; {
			k := bytes.Index(b, lineBreak)
			if k < 0 {
				break
			}
			b = b[k+len(lineBreak):]
			if bytes.HasPrefix(b, []byte("---")) || bytes.HasPrefix(b, []byte("...")) {
				return true
			}
		}
	}
	return false
}

// most is how large a document may become when its aliases are written out, in nodes and bytes.
const most = 4 * largest

// inflates refuses documents whose aliases make a small text into a huge one.
func inflates(data []byte) (p *problem) {
	if bytes.IndexByte(data, '*') < 0 || bytes.IndexByte(data, '&') < 0 {
		return nil
	}
	root := nodes(data)
	if root == nil {
		return nil // the other parser will say what is wrong
	}
	known := map[*yaml3.Node]int{}
	var size func(n *yaml3.Node) int
	size = func(n *yaml3.Node) int {
		if s, ok := known[n]; ok {
			return s
		}
		known[n] = most + 1 // while it is being measured: a node in itself never ends
		s := 1 + len(n.Value)
		if n.Kind == yaml3.AliasNode {
			s += size(n.Alias)
		}
		for _, c := range n.Content {
			if s > most {
				break
			}
			s += size(c)
		}
		s = min(s, most+1)
		known[n] = s
		return s
	}
	if size(root) > most {
		return &problem{message: "the aliases in this YAML make it too large; write it without anchors and aliases"}
	}
	return nil
}

// nodes returns the tree of the first YAML document, or nil when it cannot be parsed.
func nodes(data []byte) (root *yaml3.Node) {
	defer func() {
		if recover() != nil {
			root = nil
		}
	}()
	var document yaml3.Node
	if yaml3.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}
