package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
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
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), role+"=1", "TMPDIR="+t.TempDir()) // what else it leaves
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
	before, err := recordedSettings(workDirectory)
	if err != nil {
		t.Fatal(err)
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
	if traces() == nil {
		t.Error("the directory of a node is no trace of it")
	}
	if err := clear(t.Context(), n.directory); err != nil {
		t.Fatal(err)
	}
	if err := traces(); err != nil {
		t.Error(err)
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
		values[setting] = strings.TrimSpace(string(value))
	}
	return values
}
