package node

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// image is a container image of one layer.
type image struct {
	name                  string
	entrypoint, arguments []string
	files                 map[string]string // by path in the image, the file of this machine
	links                 map[string]string // by path in the image, where it leads
	directories           []string
}

// accounts are what every image knows of users: programs ask who they are.
var accounts = map[string]string{
	"/etc/passwd":        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
	"/etc/group":         "root:x:0:\nnogroup:x:65534:\n",
	"/etc/nsswitch.conf": "hosts: files dns\n",
}

// write writes the image as an archive in the form of `docker save`, which every
// runtime imports: a manifest, a configuration and the layer, all tar.
func (i *image) write(file string) error {
	layer, err := os.CreateTemp(path.Dir(file), "layer")
	if err != nil {
		return err
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	digest := sha256.New()
	if err := i.writeLayer(io.MultiWriter(layer, digest)); err != nil {
		return err
	}
	id := hex.EncodeToString(digest.Sum(nil))
	configuration, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": i.entrypoint,
			"Cmd":        i.arguments,
			"Env":        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + id}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{i.name}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	archive, err := os.Create(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	w := tar.NewWriter(archive)
	for name, content := range map[string][]byte{"manifest.json": manifest, "config.json": configuration} {
		if err := writeBytes(w, name, 0o644, content); err != nil {
			return err
		}
	}
	if err := writeFile(w, "layer.tar", layer.Name()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return archive.Close()
}

// writeLayer writes the files of the image, directories first.
func (i *image) writeLayer(out io.Writer) error {
	w := tar.NewWriter(out)
	for _, directory := range i.parents() {
		mode := int64(0o755)
		if directory == "/tmp" {
			mode = 0o1777
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: relative(directory) + "/", Mode: mode}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		if err := writeBytes(w, relative(name), 0o644, []byte(accounts[name])); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(i.files)) {
		if err := writeFile(w, relative(name), i.files[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(i.links)) {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: relative(name), Linkname: i.links[name], Mode: 0o777}); err != nil {
			return err
		}
	}
	return w.Close()
}

// parents returns every directory of the image, each after the one it is in.
func (i *image) parents() []string {
	found := map[string]bool{}
	add := func(directory string) {
		for ; directory != "/"; directory = path.Dir(directory) {
			found[directory] = true
		}
	}
	for _, directory := range append([]string{"/tmp", "/root"}, i.directories...) {
		add(directory)
	}
	for _, names := range []map[string]string{accounts, i.files, i.links} {
		for name := range names {
			add(path.Dir(name))
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// relative is how archives name a path.
func relative(name string) string { return strings.TrimPrefix(name, "/") }

func writeBytes(w *tar.Writer, name string, mode int64, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// writeFile adds a file of this machine; what a link leads to, if it is one.
func writeFile(w *tar.Writer, name, source string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}
