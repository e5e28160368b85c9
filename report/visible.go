package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// visible is where JSON is written: what cannot be printed is escaped in it, as any string of JSON may
// have it. encoding/json leaves control characters above 0x7e, and those that turn letters around, as
// they are, and a terminal obeys them.
type visible struct {
	io.Writer
	rest []byte // the beginning of a character
}

// Write implements io.Writer.
func (v *visible) Write(p []byte) (int, error) {
	special := func(b byte) bool { return b >= 0x7f }
	if len(v.rest) == 0 && !slices.ContainsFunc(p, special) { // encoding/json has escaped what is below a space
		return v.Writer.Write(p)
	}
	var out bytes.Buffer
	text := append(v.rest, p...)
	for len(text) > 0 && utf8.FullRune(text) {
		r, size := utf8.DecodeRune(text)
		if text = text[size:]; r == '\n' {
			out.WriteRune(r)
		} else {
			writeVisible(&out, r)
		}
	}
	v.rest = bytes.Clone(text)
	if _, err := v.Writer.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeVisible writes a character of a JSON string, escaped if it cannot be printed.
func writeVisible(out *bytes.Buffer, r rune) {
	if unicode.IsPrint(r) {
		out.WriteRune(r)
		return
	}
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(out, `\u%04x`, unit)
	}
}
