package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// controlGroup is the one that the kubelet puts pods under, in each hierarchy.
const controlGroup = "netpol-doctor-node"

// hierarchies returns where the machine's control groups are mounted: one place
// for version 2, several for version 1 or both.
func hierarchies() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		if words := strings.Fields(line); words[2] == "cgroup" || words[2] == "cgroup2" {
			found = append(found, words[1])
		}
	}
	return found, nil
}

// makeControlGroup makes the control group in every hierarchy, fit to hold
// others with processes.
func makeControlGroup() error {
	places, err := hierarchies()
	if err != nil {
		return err
	}
	for _, place := range places {
		if err := enableControllers(place); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(place, controlGroup), 0o755); err != nil {
			return err
		}
		// Version 1 leaves a new group without processors and memory.
		for _, setting := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(place, setting); err != nil {
				return err
			}
		}
	}
	return nil
}

// enableControllers lets the children of a version 2 root be limited.
func enableControllers(place string) error {
	available, err := os.ReadFile(filepath.Join(place, "cgroup.controllers"))
	if errors.Is(err, fs.ErrNotExist) { // version 1
		return nil
	}
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(available)) {
		if err := os.WriteFile(filepath.Join(place, "cgroup.subtree_control"), []byte("+"+controller), 0); err != nil {
			return fmt.Errorf("enabling the controller %s: %w", controller, err)
		}
	}
	return nil
}

// inherit copies a setting of the root to the control group, where the root has
// it.
func inherit(place, setting string) error {
	value, err := os.ReadFile(filepath.Join(place, setting))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(place, controlGroup, setting), bytes.TrimSpace(value), 0)
}

// removeControlGroup removes the control group with all below it. The kernel
// needs a moment to see that processes which ended are gone.
func removeControlGroup(ctx context.Context) error {
	places, err := hierarchies()
	if err != nil {
		return err
	}
	for _, place := range places {
		root := filepath.Join(place, controlGroup)
		var failure error
		err := wait.PollUntilContextTimeout(ctx, pollInterval, 30*time.Second, true, func(context.Context) (bool, error) {
			failure = removeTree(root)
			return failure == nil, nil
		})
		if err != nil {
			return fmt.Errorf("removing the control group %s: %w", root, errors.Join(err, failure))
		}
	}
	return nil
}

// removeTree removes directories whose files are the kernel's, the deepest
// first.
func removeTree(root string) error {
	var directories []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			directories = append(directories, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, directory := range slices.Backward(directories) {
		err = errors.Join(err, os.Remove(directory))
	}
	return err
}
