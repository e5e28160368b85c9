package file

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// standardInput is how standard input is called in origins and messages.
const standardInput = "stdin"

// named is a file that is to be read.
type named struct {
	path  string   // "-" for standard input
	roots []string // what the user named: the file itself, or folders it was found in
}

// explicit tells whether the user named the file itself.
func (n named) explicit() bool { return slices.Contains(n.roots, n.path) }

// extensions are those that a file in a folder must have to be read.
var extensions = []string{".yaml", ".yml", ".json"}

// listing collects files. A file that is named twice, or through a link as well, is in it once.
type listing struct {
	files []*named
	seen  map[string]*named
}

// add adds a file whose real path is known.
func (l *listing) add(path, root, real string) {
	if known := l.seen[real]; known != nil {
		known.roots = append(known.roots, root)
		return
	}
	n := &named{path: path, roots: []string{root}}
	l.seen[real] = n
	l.files = append(l.files, n)
}

// realPath is the one path that a file has, whatever it is called by.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path
}

// expand turns what the user named into files, in the order of their names.
func expand(paths []string) ([]*named, error) {
	l := listing{seen: map[string]*named{}}
	for _, path := range paths {
		if path == "-" {
			l.add(path, path, path)
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &Error{File: path, Message: "no such file or folder"}
		case err != nil:
			return nil, &Error{File: path, Message: cause(err)}
		case info.IsDir():
			err = l.walk(path)
		default:
			l.add(path, path, realPath(path))
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.files, func(a, b *named) int { return cmp.Compare(a.path, b.path) })
	return l.files, nil
}

// walk adds the files of a folder. Links to files are followed, links to folders are not.
func (l *listing) walk(root string) error {
	realRoot := realPath(root)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return &Error{File: path, Message: cause(err)}
		}
		if path == root || !slices.Contains(extensions, filepath.Ext(path)) {
			return nil
		}
		switch {
		case entry.Type().IsRegular():
			below, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			l.add(path, root, filepath.Join(realRoot, below))
		case entry.Type()&fs.ModeSymlink != 0:
			if target, err := os.Stat(path); err == nil && target.Mode().IsRegular() {
				l.add(path, root, realPath(path))
			}
		}
		return nil
	})
}

// nothingIn is the error for a path that holds no object at all, or nothing whatever.
func nothingIn(path string, blank bool, templates []placedTemplate) *Error {
	e := &Error{File: path, Message: "no Kubernetes objects found; give manifests or the output of kubectl get -o yaml (*.yaml, *.yml, *.json)"}
	if path == "-" {
		e.File = standardInput
	}
	switch {
	case len(templates) > 0:
		e.Message = fmt.Sprintf("no Kubernetes objects found, but %s; %s", templateText(templates), rendered)
	case blank && path == "-":
		e.Message = "nothing came in; did the command before it fail? Pipe in manifests or the output of kubectl get -o yaml"
	case blank:
		e.Message = "the file is empty"
	}
	return e
}

// cause is an error of the file system without the path, which the message has already.
func cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Sprintf("%s: %v", at.Op, at.Err)
	}
	return err.Error()
}
