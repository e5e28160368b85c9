package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// A process goes down with a test that is killed and cannot clean up.
func TestProcessDiesWithItsParent(t *testing.T) {
	const role = "NETPOL_DOCTOR_TEST_PARENT"
	if os.Getenv(role) != "" {
		p, err := Start("sleep", exec.Command("/bin/sleep", "1000"), filepath.Join(os.TempDir(), "sleep.log"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("child", p.ID())
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed
		return
	}
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), role+"=1", "TMPDIR="+t.TempDir())
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
	pid, ok := strings.CutPrefix(strings.TrimSpace(line), "child ")
	if !ok {
		t.Fatalf("the parent said %q (%v)", line, err)
	}
	if !running(pid) {
		t.Error("the child does not run")
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		return !running(pid), nil
	})
	if err != nil {
		t.Errorf("the child survives its parent: %v", err)
	}
}

// running reports whether there is such a process and it is more than an entry
// that nobody has waited for yet.
func running(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}
