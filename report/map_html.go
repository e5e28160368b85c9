package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/flows"
)

// MapPage is what the HTML page of a map shows beside its flows.
type MapPage struct {
	Scope    string    // what the map is of, in words
	Observed time.Time // when the cluster was read; zero: not known
	Bounds   []flows.Bound
	Rows     func(func(flows.Row) error) error // with what decides
}

// MostOnPage is how many flows a page is made of at most; more of them nobody could look at.
const MostOnPage = 5000

// pageFiles are the parts of the page: ours, and in dagre/ the library that lays it out.
//
//go:embed page/page.html page/page.css page/*.js page/dagre/dagre.min.js page/dagre/LICENSE
var pageFiles embed.FS

// pageScripts are put together in this order.
var pageScripts = []string{"dom", "data", "words", "filter", "layout", "around", "links", "picture", "point", "keys", "details", "table", "main"}

var pageTemplate = template.Must(template.New("page.html").ParseFS(pageFiles, "page/page.html"))

// html writes the map as one page that needs nothing else: no server and no network. What comes from
// the cluster is in it as JSON only, which encoding/json writes without anything that could end a
// script element; the scripts put it into the page as text.
func (m *Map) html(w io.Writer, _ Style) error {
	data, err := m.pageData()
	if err != nil {
		return err
	}
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("writing the data of the page: %w", err)
	}
	style, library, script := pageFile("page.css"), pageLibrary(), pageScript()
	// Nothing but these scripts and this style is run or loaded, whatever is in the page.
	// Source: W3C Content Security Policy Level 3, "Hash usage for inline scripts".
	policy := fmt.Sprintf("default-src 'none'; script-src %s %s; style-src %s; base-uri 'none'; form-action 'none'", hashOf(library), hashOf(script), hashOf(style))
	if err := pageTemplate.Execute(w, map[string]any{
		"Policy": policy, "Style": template.CSS(style), "Data": template.JS(text),
		"Library": template.JS(library), "Script": template.JS(script),
	}); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func pageFile(name string) string {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// pageScript is our scripts as one, whose names nothing else on the page sees.
func pageScript() string {
	var b strings.Builder
	b.WriteString("\"use strict\";\n(() => {\n")
	for _, name := range pageScripts {
		b.WriteString(pageFile(name + ".js"))
	}
	b.WriteString("})();\n")
	return b.String()
}

// pageLibrary is the library with its licence, and without the line that makes developer tools look
// for another file.
func pageLibrary() string {
	code, _, _ := strings.Cut(pageFile("dagre/dagre.min.js"), "//# sourceMappingURL")
	return "/*! @dagrejs/dagre and @dagrejs/graphlib\n\n" + pageFile("dagre/LICENSE") + "*/\n" + code
}

// hashOf names a text in a content security policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
