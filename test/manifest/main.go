// Command manifest prints krew/netpol-doctor.yaml, the krew plugin manifest, filled in with the version and the
// checksums that goreleaser left in a folder:
//
//	go run ./test/manifest dist > dist/netpol-doctor.yaml
//
// The file is written for krew-release-bot, which fills in the same two things when it proposes a release
// to krew's index.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

func main() {
	err := errors.New("say which folder goreleaser wrote: go run ./test/manifest dist")
	if len(os.Args) == 2 {
		err = write(os.Stdout, "krew/netpol-doctor.yaml", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "writing the krew manifest:", err)
		os.Exit(1)
	}
}

// write prints the manifest of what goreleaser wrote into the folder. It is an error if an archive that the
// manifest names is not listed there.
func write(w io.Writer, manifest, dist string) error {
	tag, err := tagOf(dist)
	if err != nil {
		return err
	}
	sums, err := checksums(dist)
	if err != nil {
		return err
	}
	release := struct{ TagName string }{tag}
	page, err := template.New(filepath.Base(manifest)).Funcs(template.FuncMap{
		"addURIAndSha": func(address, tag string) (string, error) {
			var uri strings.Builder
			t, err := template.New("address").Parse(address)
			if err == nil {
				err = t.Execute(&uri, struct{ TagName string }{tag})
			}
			if err != nil {
				return "", err
			}
			archive := path.Base(uri.String())
			if sums[archive] == "" {
				return "", fmt.Errorf("%s is not listed in %s", archive, filepath.Join(dist, "checksums.txt"))
			}
			return "uri: " + uri.String() + "\n    sha256: " + sums[archive], nil
		},
	}).ParseFiles(manifest)
	if err != nil {
		return err
	}
	return page.Execute(w, release)
}

// tagOf reads which version was built. A release has the version of its tag.
func tagOf(dist string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		return "", fmt.Errorf("reading which version was built: %w (make dist builds one)", err)
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(text, &metadata); err != nil {
		return "", fmt.Errorf("reading which version was built: %w", err)
	}
	if metadata.Version == "" {
		return "", fmt.Errorf("%s names no version", filepath.Join(dist, "metadata.json"))
	}
	return "v" + metadata.Version, nil
}

var checksum = regexp.MustCompile(`^([0-9a-f]{64})  (\S+)$`)

func checksums(dist string) (map[string]string, error) {
	path := filepath.Join(dist, "checksums.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading checksums: %w", err)
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		m := checksum.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			return nil, fmt.Errorf("%s has a line that is no SHA-256 checksum: %q", path, line)
		}
		sums[m[2]] = m[1]
	}
	return sums, nil
}
