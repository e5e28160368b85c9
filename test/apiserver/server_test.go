package apiserver

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// The server is the one that test/kube asks for and says so: the executable is
// not left from an earlier version, and was stamped.
func TestVersion(t *testing.T) {
	s := Shared(t)
	version, err := client(t, s.Admin()).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../kube/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "k8s.io/kubernetes "+version.GitVersion+"\n") {
		t.Errorf("the server is %+v, which is not the version in test/kube/go.mod", version)
	}
}

// A stopped server leaves no process, no listener and no file.
func TestStop(t *testing.T) {
	s, err := start(t.Context(), executable(t), Options{ControllerManager: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.processes) != 3 {
		t.Errorf("running %d processes, want 3", len(s.processes))
	}
	for _, p := range s.processes {
		if err := p.Exited(); err != nil {
			t.Error(err)
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for _, p := range s.processes {
		if p.Exited() == nil {
			t.Errorf("process %d was not waited for", p.ID())
		}
		if err := syscall.Kill(p.ID(), 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d still runs: %v", p.ID(), err)
		}
	}
	if connection, err := net.Dial("tcp", s.address); err == nil {
		connection.Close()
		t.Errorf("somebody still listens on %s", s.address)
	}
	if _, err := os.Stat(s.directory); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.directory, err)
	}
}

// A program that ends by itself is an error at once, with what it said.
func TestStartFailure(t *testing.T) {
	program := t.TempDir() + "/kube"
	if err := os.WriteFile(program, []byte("#!/bin/sh\n[ $1 = etcd ] || exec sleep 1000\necho cannot be $1\nexit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := start(t.Context(), program, Options{})
	if err == nil || !strings.Contains(err.Error(), "running etcd: ended by itself (exit status 7)") || !strings.Contains(err.Error(), "cannot be etcd") {
		t.Errorf("unexpected error: %v", err)
	}
}

func TestControllerManager(t *testing.T) {
	s := Start(t, Options{ControllerManager: true})
	s.Apply(t,
		parse[unstructured.Unstructured](t, `{apiVersion: v1, kind: Namespace, metadata: {name: managed}}`),
		parse[unstructured.Unstructured](t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: managed}, spec: {
			replicas: 2, selector: {matchLabels: {app: web}},
			template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}}`),
	)
	deployments, err := client(t, s.Admin()).AppsV1().Deployments("managed").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer deployments.Stop()
	for event := range deployments.ResultChan() {
		if event.Type == watch.Error {
			t.Fatal(event.Object)
		}
		if event.Object.(*appsv1.Deployment).Status.Replicas == 2 {
			return
		}
	}
	t.Error("the deployment got no pods")
}
