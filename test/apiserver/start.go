package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/test/internal/process"
)

// startTimeout bounds the way from nothing to a ready server. It takes a few
// seconds on an idle machine; the rest is for busy ones.
const startTimeout = 2 * time.Minute

// start returns a server that is ready to be used; on error nothing is left.
//
// The port is chosen here and bound by the API server a moment later. Should
// somebody else take it in between, start tries another one.
func start(ctx context.Context, executable string, options Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		server := &Server{options: options}
		err := server.start(ctx, executable)
		if err == nil {
			return server, nil
		}
		taken := strings.Contains(err.Error(), "address already in use")
		if err = errors.Join(err, server.stop()); !taken || ctx.Err() != nil {
			return nil, fmt.Errorf("starting a kube-apiserver: %w", err)
		}
	}
}

// start prepares the server's directory, runs the processes in it and returns
// when the cluster is there. It leaves tidying up to stop, on error too.
func (s *Server) start(ctx context.Context, executable string) error {
	executable, err := filepath.Abs(executable) // the processes run elsewhere
	if err != nil {
		return err
	}
	if s.directory, err = os.MkdirTemp("", "netpol-doctor-apiserver-"); err != nil {
		return err
	}
	if s.address, err = freeAddress(s.options.host()); err != nil {
		return err
	}
	if err = s.prepare(); err != nil {
		return err
	}
	if err = s.run(executable, "etcd", etcdArguments()); err != nil {
		return err
	}
	if err = s.run(executable, "kube-apiserver", apiserverArguments(s.address, s.options)); err != nil {
		return err
	}
	if err = s.await(ctx, readyPaths); err != nil || !s.options.ControllerManager {
		return err
	}
	if err = s.run(executable, "kube-controller-manager", controllerManagerArguments(s.options)); err != nil {
		return err
	}
	return s.await(ctx, controlledPaths)
}

// prepare makes every identity, and the files that the processes read.
func (s *Server) prepare() (err error) {
	if s.authority, err = newAuthority(); err != nil {
		return err
	}
	if err = s.authority.writeServerFiles(s.directory, s.options.host()); err != nil {
		return err
	}
	// Members of system:masters may do everything; RBAC is not asked.
	if s.admin, err = s.config("test-admin", "system:masters"); err != nil {
		return err
	}
	if s.objects, err = newObjects(s.admin); err != nil {
		return err
	}
	manager, err := s.config("system:kube-controller-manager")
	if err != nil {
		return err
	}
	return writeKubeconfig(filepath.Join(s.directory, controllerManagerKubeconfig), manager, "")
}

// run starts one of the programs; stop ends it.
func (s *Server) run(executable, program string, arguments []string) error {
	command := exec.Command(executable, append([]string{program}, arguments...)...)
	command.Dir = s.directory // arguments name files relative to it
	p, err := process.Start(program, command, filepath.Join(s.directory, program+".log"))
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return err
}

// stop ends every process that s started and removes their files. A killed
// etcd loses nothing that anybody wants, so nobody is asked politely.
func (s *Server) stop() error {
	for _, p := range s.processes {
		p.Kill()
	}
	if s.directory == "" {
		return nil
	}
	return os.RemoveAll(s.directory)
}

// freeAddress returns an address of the host that nobody listens on right now.
func freeAddress(host string) (string, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
