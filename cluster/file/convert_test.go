package file

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// checkConverter holds blockToJSON to the real parser: where it converts a document, the parser
// accepts it and finds the same value. Only that a key is there twice is for the JSON decoder to
// notice.
func checkConverter(t *testing.T, document []byte) (converted bool) {
	t.Helper()
	got, ok := blockToJSON(document, nil)
	if !ok {
		return false
	}
	want, p := toJSON(document)
	if p != nil {
		if strings.Contains(p.message, "is there twice") {
			return true
		}
		t.Fatalf("%q was converted to %s, the parser says %s", document, got, p.message)
	}
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%q was converted to %s: %v", document, got, err)
	}
	if err := json.Unmarshal(want, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%q\nconverted: %s\nparser:    %s", document, got, want)
	}
	return true
}

// FuzzBlockToJSON compares what is converted on random bytes.
func FuzzBlockToJSON(f *testing.F) {
	for _, s := range quickSeeds(f) {
		f.Add([]byte(s))
		for d := range strings.SplitSeq(s, "\n---\n") {
			f.Add([]byte(d))
		}
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if len(document) < 4096 {
			checkConverter(t, document)
		}
	})
}

// FuzzBlockLines does the same on texts that are put together of telling lines.
func FuzzBlockLines(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, picks []byte) {
		if len(picks) < 80 {
			checkConverter(t, fromPicks(picks, blockFragments))
		}
	})
}

// blockFragments are what FuzzBlockLines puts texts together of.
var blockFragments = []string{
	"a:", "b:", "c: d", "- a", "- b: c", "- ", "-", "- - e", "- f:", "g: |", "h: |-", "i: |+", "- |", "text", "more: text", "# c", "", "  ", "j: {}", "k: []", "l: 'm''n'", "o: \"p\\n\\\"\"",
	"q: 1", "r: 01", "s: 1.5", "t: true", "u: yes", "v: null", "w: ~", "x:  y  # z", "aa: 10.0.0.1", "ab: 2001-01-01", "ac: 2001-01-01T00:00:00Z", "ad: 100m", "ae: --x=y", "af: -1", "ag: -c", "ah: a: b", "ai: b:", "aj: b#c", "ak: é",
	"\"al\": x", "'am' : x", "1: x", "y: x", ".: {}", "k:{\"an\":1}: {}", "f:a/b: {}", "ao: [a]", "ap: {a: b}", "aq: &x y", "ar: *x", "as: !t y", "? a", ": b", "at: \"b", "c\"", "\tau: x", "av: x\ty", "aw:\tx", "ax: 1e3", "ay: 0x1F", "az: 1_0", "ba: 12345678901234567890", "bb: .5", "bc: /x", "bd: $(x)", "be: x y z", "bf: \"\\u0041\"", "bg: \"\\/\"", "bh: '\\n'", "bi: >", "bj: |2", "bk: | # c", "---", "...", "a:", "c: d\r", "bl: \"x\" y", "bm: {} # c", "bn: -", "bo: - x", "bp: %x", "bq: 1:2", "br: 1.2.3", "bs: 0", "bt: 0.0.0.0/0",
}

// TestConverted: what tools print is converted without the real parser.
func TestConverted(t *testing.T) {
	for name, text := range map[string]string{
		"mapping":    "a: b\nc:\n  d: e\n  f:\n    g: h\ni:\n",
		"sequences":  "a:\n- b\n- c: d\n  e: f\n-\n- - g\n  - h\n-\n  i: j\nk:\n  - l\n",
		"scalars":    "a: 1\nb: true\nc: null\nd: ~\ne: \"1\"\nf: '2'\ng: 10.0.0.1\nh: 10.0.0.0/8\ni: 100m\nj: 2026-01-02T03:04:05Z\nk: --a=b\nl: a b # c\nm: \"\\\"\\n\"\np: {}\nq: []\n",
		"literals":   "a: |\n  b\n\n    c\n  d: e\nf: |-\n  g\n\nh: |+\n  i\n\nj:\n- |\n  k\n",
		"keys":       "a/b.c: d\n\"e f\": g\n'h': i\nk:{\"type\":\"x\"}:\n  .: {}\nf:j: {}\n",
		"windows":    "a: b\r\nc: |\r\n  d\r\n  e\r\nf:\r\n- g\r\n",
		"comments":   "# a\nb: c # d\n# e\nf: # g\n  # h\n  i: j\n",
		"no newline": "a: b\nc: d",
	} {
		if !checkConverter(t, []byte(text)) {
			t.Errorf("%s was left to the real parser", name)
		}
	}
	files, _ := filepath.Glob("../../examples/shop/base/*.yaml")
	converted, all := 0, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for d := range strings.SplitSeq(string(text), "\n---\n") {
			all++
			if checkConverter(t, []byte(d+"\n")) {
				converted++
			}
		}
	}
	t.Logf("%d of %d manifests of the shop were converted", converted, all)
}
