package apiserver

import (
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/test/internal/process"
)

// BinaryVariable is the environment variable that names the executable made
// from test/kube, with its whole path: each package's tests run in its folder.
const BinaryVariable = "NETPOL_DOCTOR_KUBE"

// Options says what to run besides etcd and kube-apiserver.
type Options struct {
	// ControllerManager adds kube-controller-manager: workloads get their pods,
	// Services their EndpointSlices, namespaces their ServiceAccount. The
	// controllers that judge nodes by their kubelet are off, as there is none.
	//
	// Without it pods are accepted although their ServiceAccount does not exist.
	ControllerManager bool

	// Nodes, where there are real ones, says how they reach the server. It
	// needs the ControllerManager, which then judges nodes by their kubelet.
	Nodes *Nodes
}

// Nodes is what a server has to know to serve kubelets.
type Nodes struct {
	// Address is one of this machine that nodes and pods reach; the server
	// listens there instead of on loopback.
	Address string
	// PodRange is where nodes get the ranges of their pods from.
	PodRange string
}

// Server is a running Kubernetes API on a loopback port.
type Server struct {
	options   Options
	owner     testing.TB // the server ends with this test; nil if it is shared
	directory string
	authority *authority
	address   string
	admin     *rest.Config
	objects   *objects
	processes []*process.Process
}

// Start runs a server until the test ends. It skips the test when the
// executable is not given, and fails it when the server does not come up. When
// the test fails it logs the last words of every process.
func Start(tb testing.TB, options Options) *Server {
	tb.Helper()
	server, err := start(tb.Context(), executable(tb), options)
	if err != nil {
		tb.Fatal(err)
	}
	server.owner = tb
	tb.Cleanup(func() {
		if err := server.stop(); err != nil {
			tb.Error(err)
		}
	})
	server.explainFailure(tb)
	return server
}

// Admin returns the configuration of a client that may do everything. Like
// every configuration from this package it asks the client not to throttle
// itself.
func (s *Server) Admin() *rest.Config { return rest.CopyConfig(s.admin) }

// executable returns the path of the programs, or skips the test.
func executable(tb testing.TB) string {
	tb.Helper()
	path := os.Getenv(BinaryVariable)
	if path == "" {
		tb.Skipf("needs a real kube-apiserver: build test/kube and set %s to the executable", BinaryVariable)
	}
	return path
}

// explainFailure logs the end of every process's log if the test fails.
func (s *Server) explainFailure(tb testing.TB) {
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Log(s.lastWords())
		}
	})
}

// lastWords returns the end of every process's log.
func (s *Server) lastWords() string {
	var words []string
	for _, p := range s.processes {
		words = append(words, p.LastWords())
	}
	return strings.Join(words, "\n")
}
