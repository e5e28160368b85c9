package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// pollInterval is how often something is asked for that nobody announces.
const pollInterval = 100 * time.Millisecond

// claim makes this the machine's only node, and clears what one left whose test
// was killed. The claim ends with the test, even with one that is killed.
func (n *Node) claim(ctx context.Context, tb testing.TB) error {
	// A name that the kernel forgets with its last owner.
	const claim = "@netpol-doctor-node"
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(context.Context) (bool, error) {
		listener, err := net.Listen("unix", claim)
		if errors.Is(err, syscall.EADDRINUSE) {
			return false, nil
		}
		if err == nil {
			tb.Cleanup(func() { listener.Close() })
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("waiting for another test's node to end: %w", err)
	}
	n.directory = workDirectory
	if err := clear(ctx, n.directory); err != nil {
		return err
	}
	return os.Mkdir(n.directory, 0o700)
}

// workDirectory is the same for every node, whoever starts it, so that each
// finds what the one before it has left.
const workDirectory = "/var/tmp/netpol-doctor-node"

// clear removes what a node leaves when its processes are gone: its link to
// this machine, its control group, its files. Settings are put back.
func clear(ctx context.Context, directory string) error {
	if _, err := net.InterfaceByName(machineLink); err == nil {
		if err := finish(exec.CommandContext(ctx, "ip", "link", "delete", machineLink)); err != nil {
			return err
		}
	}
	return errors.Join(
		removeControlGroup(ctx),
		restoreSettings(directory),
		os.RemoveAll(directory),
	)
}

// traces is an error for each thing of a node that is left outside of its
// namespaces, where clear removes it.
func traces() error {
	var found []error
	if _, err := os.Stat(workDirectory); !errors.Is(err, fs.ErrNotExist) {
		found = append(found, fmt.Errorf("the directory %s is left (%v)", workDirectory, err))
	}
	if _, err := net.InterfaceByName(machineLink); err == nil {
		found = append(found, fmt.Errorf("the interface %s is left", machineLink))
	}
	places, err := hierarchies()
	found = append(found, err)
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(place, controlGroup)); !errors.Is(err, fs.ErrNotExist) {
			found = append(found, fmt.Errorf("the control group of %s is left (%v)", place, err))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if found = append(found, err); strings.Contains(string(mounts), workDirectory) {
		found = append(found, fmt.Errorf("something is mounted in %s:\n%s", workDirectory, mounts))
	}
	rules, err := exec.Command("iptables-save").Output()
	if found = append(found, err); strings.Contains(string(rules), "KUBE-") {
		found = append(found, fmt.Errorf("packet filter rules are left:\n%s", rules))
	}
	return errors.Join(found...)
}

// settings are those of the whole machine that a kubelet changes, and Cilium.
var settings = []string{
	"vm/overcommit_memory",
	"vm/panic_on_oom",
	"kernel/panic",
	"kernel/panic_on_oops",
	"kernel/keys/root_maxkeys",
	"kernel/keys/root_maxbytes",
	"kernel/timer_migration",
}

func settingPath(setting string) string { return filepath.Join("/proc/sys", setting) }

func settingsFile(directory string) string { return filepath.Join(directory, "settings.json") }

// recordSettings notes the settings of the machine for restoreSettings.
func recordSettings(directory string) error {
	values := map[string]string{}
	for _, setting := range settings {
		value, err := os.ReadFile(settingPath(setting))
		if errors.Is(err, fs.ErrNotExist) { // nor will it be changed
			continue
		}
		if err != nil {
			return fmt.Errorf("reading a kernel setting: %w", err)
		}
		values[setting] = strings.TrimSpace(string(value))
	}
	content, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return os.WriteFile(settingsFile(directory), content, 0o600)
}

// recordedSettings returns what recordSettings has noted.
func recordedSettings(directory string) (map[string]string, error) {
	content, err := os.ReadFile(settingsFile(directory))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	return values, json.Unmarshal(content, &values)
}

// restoreSettings puts the settings back, if there is a record of them.
func restoreSettings(directory string) error {
	values, err := recordedSettings(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for setting, value := range values {
		err = errors.Join(err, os.WriteFile(settingPath(setting), []byte(value), 0))
	}
	if err != nil {
		return fmt.Errorf("restoring kernel settings: %w", err)
	}
	return nil
}
