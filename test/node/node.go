package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
	"github.com/netpol-doctor/netpol-doctor/test/internal/process"
)

// ProgramsVariable is the environment variable that names the directory with
// the programs that `make node` builds, with its whole path.
const ProgramsVariable = "NETPOL_DOCTOR_NODE"

// Name is what the one node is called.
const Name = "node-1"

// startTimeout bounds the way from nothing to a node that is ready. It takes
// half a minute; the rest is for busy machines, and for a node of somebody else
// to go away.
const startTimeout = 5 * time.Minute

// Options says what the node is like.
type Options struct {
	// Enforcer is the program that makes NetworkPolicies true. Without one they
	// are objects like any other, and every pod reaches every pod.
	Enforcer Enforcer
}

// Node is a running cluster of one node.
type Node struct {
	*apiserver.Server

	options   Options
	programs  string // directory of what was built for the node
	directory string // everything that the node writes, but for its logs
	logs      string
	inside    *namespaces
	processes []*process.Process
}

// Start runs a cluster until the test ends and returns when its node is ready
// and its DNS answers. It skips the test where the programs are not given, and
// fails it when the cluster does not come up. There is one node on a machine at
// a time: Start waits until others are gone.
//
// It is an error if something of the node is left when the test has ended. The
// logs of its programs are among the artifacts of the test; when the test
// fails their last words are printed, too.
func Start(tb testing.TB, options Options) *Node {
	tb.Helper()
	n := &Node{options: options, programs: os.Getenv(ProgramsVariable), logs: tb.ArtifactDir()}
	switch {
	case n.programs == "":
		tb.Skipf("needs a real node: run `make e2e`, which sets %s", ProgramsVariable)
	case os.Geteuid() != 0:
		tb.Skip("needs a real node, which only root can make")
	}
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := n.claim(ctx, tb); err != nil {
		tb.Fatal(err)
	}
	begin := time.Now()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Log(n.lastWords())
		}
		for _, p := range n.processes {
			p.Kill()
		}
		if err := clear(context.WithoutCancel(tb.Context()), n.directory); err != nil {
			tb.Error(err)
		}
		if err := traces(); err != nil {
			tb.Error(err)
		}
	})
	if err := n.prepare(ctx); err != nil {
		tb.Fatalf("preparing a node: %v", err)
	}
	n.Server = apiserver.Start(tb, apiserver.Options{
		ControllerManager: true,
		Nodes:             &apiserver.Nodes{Address: machineAddress, PodRange: podRange},
	})
	if err := n.start(ctx, tb); err != nil {
		tb.Fatalf("starting a node: %v", err)
	}
	tb.Logf("the node came up in %s", time.Since(begin).Round(100*time.Millisecond))
	return n
}

// prepare makes the node's part of the machine, with nothing running in it.
func (n *Node) prepare(ctx context.Context) error {
	if err := recordSettings(n.directory); err != nil {
		return err
	}
	if err := makeControlGroup(); err != nil {
		return err
	}
	if err := n.enclose(ctx); err != nil {
		return err
	}
	return n.connect(ctx)
}

// start brings the node up and returns when it is ready.
func (n *Node) start(ctx context.Context, tb testing.TB) error {
	if err := n.startRuntime(ctx); err != nil {
		return err
	}
	if err := n.startKubernetes(tb); err != nil {
		return err
	}
	if err := n.startEnforcer(ctx, tb); err != nil {
		return err
	}
	if err := n.startOutside(); err != nil {
		return err
	}
	if err := n.startDNS(tb); err != nil {
		return err
	}
	return n.awaitReady(ctx)
}

// path returns where a file of the node is.
func (n *Node) path(elements ...string) string {
	return filepath.Join(append([]string{n.directory}, elements...)...)
}

// write puts a file among those of the node, under a directory that may be new.
func (n *Node) write(name, content string) error {
	path := n.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

// exited is the error of the first program that ended by itself.
func (n *Node) exited() error {
	var failures []error
	for _, p := range n.processes {
		failures = append(failures, p.Exited())
	}
	return errors.Join(failures...)
}

// lastWords returns the end of every program's log.
func (n *Node) lastWords() string {
	words := []string{fmt.Sprintf("the whole logs are in %s", n.logs)}
	for _, p := range n.processes {
		words = append(words, p.LastWords())
	}
	return strings.Join(words, "\n")
}
