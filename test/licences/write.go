package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const head = `The plugin netpol-doctor is under the licence in LICENSE. Linked into it, on one platform or
another, is the work of others. These are their licences, and what else they ask to be passed on.

`

// write prints the list of parts, then the whole text of each of their files.
func write(w io.Writer, parts []part) error {
	var b strings.Builder
	b.WriteString(head)
	for _, p := range parts {
		fmt.Fprintf(&b, "  %s %s\n", p.name, p.version)
	}
	for _, p := range parts {
		for _, file := range p.files {
			text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(file)))
			if err != nil {
				return fmt.Errorf("reading a licence of %s: %w", p.name, err)
			}
			if strings.TrimSpace(string(text)) == "" {
				return fmt.Errorf("%s of %s %s is empty: look for its licence at its authors", file, p.name, p.version)
			}
			fmt.Fprintf(&b, "\n%s\n%s %s: %s\n%s\n\n", rule, p.name, p.version, file, rule)
			b.WriteString(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var rule = strings.Repeat("=", 100)
