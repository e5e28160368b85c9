package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// pageOf makes the page of some flows between workloads of one name.
func pageOf(name string, n int) (string, error) {
	rows := func(yield func(flows.Row) error) error {
		for i := range n {
			if err := yield(flows.Row{
				Source:      flows.End{Ref: cluster.Ref{Kind: "Deployment", Namespace: name, Name: fmt.Sprint(name, i)}},
				Destination: flows.End{Ref: cluster.Ref{Kind: "Pod", Namespace: "a", Name: name}},
				Answer:      flows.Answer{Ports: flows.Ports{Must: flows.EveryPort(), May: flows.EveryPort()}},
			}); err != nil {
				return err
			}
		}
		return nil
	}
	m := NewMap((&cluster.Snapshot{}).Seal(), nil, policy.Plugin{Name: "cilium", Enforces: policy.Yes}, flows.ByWorkload, MapFilter{Ports: flows.EveryPort()}, Options{}, rows)
	m.Page.Scope = name
	var out bytes.Buffer
	err := m.Render(&out, "html", Style{})
	return out.String(), err
}

var (
	scripts = regexp.MustCompile(`(?s)<script( id="data" type="application/json")?>(.*?)</script>`)
	styles  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	csp     = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`)
)

// The policy of the page names what it runs and nothing else: what is in the data can neither end
// its element nor be run.
func TestPageRunsNothingButItsOwnScripts(t *testing.T) {
	t.Parallel()
	hostile := "</script><script>alert(1)</script><!--\u2028'\"&"
	page, err := pageOf(hostile, 1)
	if err != nil {
		t.Fatal(err)
	}
	found := csp.FindStringSubmatch(page)
	if found == nil {
		t.Fatal("the page has no policy")
	}
	allowed := strings.ReplaceAll(found[1], "&#39;", "'")
	allowed = strings.ReplaceAll(allowed, "&#43;", "+")
	if !strings.HasPrefix(allowed, "default-src 'none'; ") || strings.Contains(allowed, "unsafe") || strings.Contains(allowed, ":") {
		t.Errorf("the policy of the page is %s", allowed)
	}
	elements := scripts.FindAllStringSubmatch(page, -1)
	if len(elements) != 3 || strings.Count(strings.ToLower(page), "<script") != 3 {
		t.Fatalf("%d scripts", len(elements))
	}
	for _, e := range elements {
		if e[1] == "" && !strings.Contains(allowed, hashOf(e[2])) {
			t.Errorf("the policy does not let a script of the page run: %.80s", e[2])
		}
		var data struct{ Scope string }
		if e[1] != "" && (json.Unmarshal([]byte(e[2]), &data) != nil || data.Scope != hostile) {
			t.Errorf("the data of the page is %.200s", e[2])
		}
	}
	for _, e := range styles.FindAllStringSubmatch(page, -1) {
		if !strings.Contains(allowed, hashOf(e[1])) {
			t.Error("the policy does not let the style of the page count")
		}
	}
	for _, outside := range []string{"http:", "https:", "src=", "@import", "sourceMappingURL", "url(h"} {
		for line := range strings.Lines(page) {
			if strings.Contains(line, outside) && !strings.Contains(line, "http://www.w3.org/2000/svg") { // the name of a language, not an address
				t.Errorf("the page speaks of %s: %.100s", outside, line)
			}
		}
	}
}

// Our scripts put text into the page as text only.
func TestPageScriptsMakeNoMarkup(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser", "setHTML", "fetch(", "XMLHttpRequest", "localStorage"} {
		if strings.Contains(pageScript(), way) {
			t.Errorf("the scripts of the page use %s", way)
		}
	}
}

// A page that nobody could look at is refused, with its size and what makes it smaller.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := pageOf("a", MostOnPage); err != nil {
		t.Error(err)
	}
	_, err := pageOf("a", MostOnPage+1)
	if err == nil || !strings.Contains(err.Error(), "5001 flows") || !strings.Contains(err.Error(), "--by namespace") {
		t.Error(err)
	}
}
