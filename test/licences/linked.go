package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// platforms are those of a release, since each links modules that others do not.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// A part is something by others with its licences: a module, Go's own library, or a folder of ours with
// files of theirs.
type part struct {
	name, version string
	dir           string
	// files are paths within dir.
	files []string
}

// goPackage has what is needed of `go list -json`.
type goPackage struct {
	Dir        string
	EmbedFiles []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
}

// linked lists what the package needs on one of the platforms, sorted by name. It is an error if a part
// of it has no licence.
func linked(dir, pkg string, platforms []string) ([]part, error) {
	parts := map[string]*part{}
	for _, platform := range platforms {
		packages, err := list(dir, pkg, platform)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.Module == nil {
				continue // Go's own library, which is added below
			}
			if p.Module.Main {
				if err := addEmbedded(parts, p); err != nil {
					return nil, err
				}
				continue
			}
			if parts[p.Module.Path] == nil {
				version := p.Module.Version
				if r := p.Module.Replace; r != nil {
					version = strings.TrimSpace(r.Path + " " + r.Version)
				}
				parts[p.Module.Path] = &part{name: p.Module.Path, version: version, dir: p.Module.Dir}
			}
			if err := parts[p.Module.Path].addUpwards(p.Dir); err != nil {
				return nil, err
			}
		}
	}
	library, err := standard(dir)
	if err != nil {
		return nil, err
	}
	all := []part{library}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, *parts[name])
	}
	var without error
	for _, p := range all {
		if !slices.ContainsFunc(p.files, isLicence) {
			without = errors.Join(without, fmt.Errorf("%s %s has no licence in %s: leave it out, or ask its authors", p.name, p.version, p.dir))
		}
	}
	return all, without
}

func list(dir, pkg, platform string) ([]goPackage, error) {
	system, processor, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,EmbedFiles,Module", pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
	out, err := output(cmd)
	if err != nil {
		return nil, fmt.Errorf("listing what %s needs on %s: %w", pkg, platform, err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what %s needs on %s: %w", pkg, platform, err)
		}
		packages = append(packages, p)
	}
}

// standard is Go's own library, which every program is linked with.
func standard(dir string) (part, error) {
	cmd := exec.Command("go", "env", "GOROOT", "GOVERSION")
	cmd.Dir = dir
	out, err := output(cmd)
	if err != nil {
		return part{}, fmt.Errorf("asking where Go's library is: %w", err)
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	p := part{name: "Go standard library", version: version, dir: root}
	return p, p.add(root)
}

// addEmbedded adds the folders of files that a package of ours embeds, where such a folder has a licence
// of its own.
func addEmbedded(parts map[string]*part, p goPackage) error {
	for _, file := range p.EmbedFiles {
		dir := filepath.Dir(filepath.Join(p.Dir, file))
		if dir == p.Module.Dir {
			continue
		}
		name, err := filepath.Rel(p.Module.Dir, dir)
		if err != nil {
			return err
		}
		own := &part{name: filepath.ToSlash(name), dir: dir}
		if err := own.add(dir); err != nil {
			return err
		}
		if len(own.files) > 0 {
			own.version = "in this repository"
			parts[own.name] = own
		}
	}
	return nil
}

// addUpwards adds what lies in a folder of the part and in those above it: forked code brings its own.
func (p *part) addUpwards(dir string) error {
	for ; ; dir = filepath.Dir(dir) {
		if err := p.add(dir); err != nil {
			return err
		}
		if dir == p.dir || len(dir) < len(p.dir) {
			return nil
		}
	}
}

// add notes the files of a folder that are to be shipped with the program.
func (p *part) add(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for the licence of %s: %w", p.name, err)
	}
	for _, e := range entries {
		if e.IsDir() || !isLicence(e.Name()) && !isNotice(e.Name()) {
			continue
		}
		path, err := filepath.Rel(p.dir, filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if path = filepath.ToSlash(path); !slices.Contains(p.files, path) {
			p.files = append(p.files, path)
		}
	}
	slices.Sort(p.files)
	return nil
}

// isLicence says whether a file, by its name, holds a licence. Source files may be named so, too.
func isLicence(path string) bool {
	return isNamed(path, "licen[cs]e*", "copying*")
}

func isNotice(path string) bool {
	return isNamed(path, "notice*", "patents*", "*.legal.txt")
}

func isNamed(path string, patterns ...string) bool {
	name := strings.ToLower(filepath.Base(path))
	return filepath.Ext(name) != ".go" && slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := filepath.Match(pattern, name)
		return ok
	})
}

// output is that of a command, with what it complained about in the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return out, err
}
