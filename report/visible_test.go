package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// What is escaped means what it did, however it is cut into pieces, and obeys nobody.
func TestVisible(t *testing.T) {
	t.Parallel()
	const text = "a\x1b[2J \u009b31m \x7f \u202egnp\u2066 \u200d \U000e0041 \u2028 \ufeff é 日本語 🦊 \"\\/<&>\n\t"
	encoded, err := json.MarshalIndent(map[string]any{text: []string{text}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.ContainsRune(encoded, '\u009b') {
		t.Error("encoding/json escapes it by itself")
	}
	var whole string
	for _, size := range []int{1, 2, 3, 7, len(encoded)} {
		var out strings.Builder
		w := &visible{Writer: &out}
		for rest := encoded; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := w.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
				t.Fatal(n, err)
			}
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("in pieces of %d: %U", size, r)
			}
		}
		var got map[string][]string
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got[text]) != 1 || got[text][0] != text {
			t.Errorf("in pieces of %d: %v, %q", size, err, got)
		}
		if whole == "" {
			whole = out.String()
		}
		if out.String() != whole {
			t.Errorf("in pieces of %d it is other bytes", size)
		}
	}
}
