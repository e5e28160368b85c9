package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// A node whose test is killed leaves no process, and the next node leaves
// nothing of either.
func TestRemainsOfAKilledTest(t *testing.T) {
	const role = "NETPOL_DOCTOR_TEST_PARENT"
	if os.Getenv(role) != "" {
		n := Start(t, Options{})
		fmt.Println("first process", n.inside.id())
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed
		return
	}
	if os.Getenv(ProgramsVariable) == "" || os.Geteuid() != 0 {
		t.Skip("needs a real node: run `make e2e` as root")
	}
	t.Setenv("TMPDIR", t.TempDir())
	before := readSettings(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), role+"=1")
	stdin, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	first, ok := strings.CutPrefix(strings.TrimSpace(line), "first process ")
	if !ok {
		t.Fatalf("the test to be killed said %q (%v)", line, err)
	}
	space, err := os.Readlink("/proc/" + first + "/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if members := processesIn(t, space); len(members) < 5 {
		t.Errorf("only %v run in the node", members)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	err = wait.PollUntilContextTimeout(t.Context(), pollInterval, time.Minute, true, func(context.Context) (bool, error) {
		return len(processesIn(t, space)) == 0, nil
	})
	if err != nil {
		t.Errorf("processes survive the test: %v", processesIn(t, space))
	}

	n := &Node{}
	if err := n.claim(t.Context(), t); err != nil {
		t.Fatal(err)
	}
	if after := readSettings(t); !maps.Equal(before, after) {
		t.Errorf("kernel settings were %v and are %v", before, after)
	}
	if err := clear(t.Context(), n.directory); err != nil {
		t.Fatal(err)
	}
	checkNothingLeft(t)
}

// checkNothingLeft looks for traces of a node outside its namespaces.
func checkNothingLeft(t *testing.T) {
	t.Helper()
	directory := workDirectory()
	if _, err := os.Stat(directory); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", directory, err)
	}
	if _, err := net.InterfaceByName(machineLink); err == nil {
		t.Errorf("the interface %s is left", machineLink)
	}
	places, err := hierarchies()
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(place, controlGroup)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the control group is left in %s: %v", place, err)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), directory) {
		t.Errorf("something is mounted below %s:\n%s", directory, mounts)
	}
	rules, err := exec.CommandContext(context.WithoutCancel(t.Context()), "iptables-save").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(rules), "KUBE-") {
		t.Errorf("packet filter rules are left:\n%s", rules)
	}
}

// processesIn returns the names of the processes in a PID namespace.
func processesIn(t *testing.T, space string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		if link, err := os.Readlink(filepath.Join("/proc", entry.Name(), "ns/pid")); err != nil || link != space {
			continue // of another namespace, or gone by now
		}
		name, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		found = append(found, strings.TrimSpace(string(name)))
	}
	return found
}

func readSettings(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, setting := range settings {
		value, err := os.ReadFile(settingPath(setting))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		values[setting] = string(value)
	}
	return values
}
