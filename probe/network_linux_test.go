package probe_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// serveVariable makes this test binary the server instead of running tests.
const serveVariable = "NETPOL_DOCTOR_PROBE_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The addresses of the two namespaces, from the range for benchmarks of networks (RFC 2544).
const (
	clientAddress = "198.18.213.1"
	serverAddress = "198.18.213.2"
)

// firewall is what stands before the server.
const firewall = `
table inet probe {
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport 8001 drop
    tcp dport 8002 reject with tcp reset
    tcp dport 8003 reject with icmpx admin-prohibited
    tcp dport 8004 reject with icmpx port-unreachable
    tcp dport 8005 reject with icmpx host-unreachable
    udp dport 9001 drop
    udp dport 9002 reject with icmpx port-unreachable
  }
}
`

// TestNetwork: what really comes back of a real connection or lookup becomes the outcome that is
// documented. It makes two network namespaces of its own, and removes them.
func TestNetwork(t *testing.T) {
	n := newNetwork(t)
	server := netip.MustParseAddr(serverAddress)
	dial := func(protocol corev1.Protocol, port int32) probe.Attempt {
		return probe.Attempt{Hop: probe.Backend, Protocol: protocol, Address: server, Port: port}
	}
	look := func(hop probe.Hop, name string) probe.Attempt {
		return probe.Attempt{Hop: hop, Family: corev1.IPv4Protocol, Name: name}
	}
	for _, row := range []struct {
		name    string
		attempt probe.Attempt
		want    probe.Outcome
	}{
		{"a server", dial(corev1.ProtocolTCP, 80), probe.Connected},
		{"no listener", dial(corev1.ProtocolTCP, 81), probe.Refused},
		{"dropped", dial(corev1.ProtocolTCP, 8001), probe.TimedOut},
		{"rejected with a reset", dial(corev1.ProtocolTCP, 8002), probe.Refused},
		{"prohibited by ICMP", dial(corev1.ProtocolTCP, 8003), probe.Unreachable},
		{"rejected with port unreachable", dial(corev1.ProtocolTCP, 8004), probe.Refused},
		{"rejected with host unreachable", dial(corev1.ProtocolTCP, 8005), probe.Unreachable},
		{"no such network", probe.Attempt{Hop: probe.Backend, Protocol: corev1.ProtocolTCP, Address: netip.MustParseAddr("203.0.113.1"), Port: 80}, probe.Unreachable},
		{"a datagram is answered", dial(corev1.ProtocolUDP, 9000), probe.Connected},
		{"a datagram is dropped", dial(corev1.ProtocolUDP, 9001), probe.TimedOut},
		{"a datagram is rejected", dial(corev1.ProtocolUDP, 9002), probe.Refused},
		{"nobody takes a datagram", dial(corev1.ProtocolUDP, 9003), probe.Refused},
		{"somebody takes a datagram and says nothing", dial(corev1.ProtocolUDP, 9004), probe.TimedOut},
		{"a DNS server by datagrams", dial(corev1.ProtocolUDP, 53), probe.Connected},
		{"a name", look(probe.Name, "here.test."), probe.Connected},
		{"a name over TCP", look(probe.ResolverTCP, "here.test."), probe.Connected},
		{"no such name", look(probe.Name, "absent.test."), probe.NameNotFound},
		{"a name without an address", look(probe.Name, "empty.test."), probe.NameNotFound},
		{"a broken upstream", look(probe.Name, "broken.test."), probe.ServerFailure},
		{"a query is refused", look(probe.Name, "refused.test."), probe.QueryRefused},
		{"a slow name", look(probe.Name, "slow.test."), probe.DNSTimedOut},
		{"a slow name over TCP", look(probe.ResolverTCP, "slow.test."), probe.DNSTimedOut},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			run := n.run(t.Context(), row.attempt.Command())
			if got := row.attempt.Parse(run); got.Outcome != row.want {
				t.Errorf("%s (%s), want %s; %+v", got.Outcome, got.Reason, row.want, run)
			}
		})
	}
	t.Run("an answer that does not fit", func(t *testing.T) {
		t.Parallel()
		for hop, truncated := range map[probe.Hop]bool{probe.ResolverUDP: true, probe.Name: false} {
			a := look(hop, "big.test.")
			got := a.Parse(n.run(t.Context(), a.Command()))
			if got.Outcome != probe.Connected || got.Truncated != truncated || !truncated && len(got.Addresses) != 1 {
				t.Errorf("%s: %+v", hop, got)
			}
		}
	})
	t.Run("other tools", func(t *testing.T) { n.testTools(t, dial) })
	t.Run("lost output", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, a := range []probe.Attempt{dial(corev1.ProtocolTCP, 80), look(probe.Name, "here.test.")} {
			if got := a.Parse(n.run(ctx, a.Command())); got.Outcome != probe.Inconclusive || got.Reason == "" {
				t.Errorf("%s: %+v", a.Target(), got)
			}
		}
	})
}

// network is two namespaces with a wire between them, and a server in one.
type network struct{ client, connect string }

func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root; what real connections come to is not tested")
	}
	for _, tool := range []string{"ip", "nft", "dig", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: there is no %s; what real connections come to is not tested", tool)
		}
	}
	n := &network{client: fmt.Sprintf("npd-client-%d", os.Getpid()), connect: filepath.Join(t.TempDir(), "connect")}
	server := fmt.Sprintf("npd-server-%d", os.Getpid())
	do(t, "", "go", "build", "-C", "../test/kube", "-o", n.connect, "./connect")
	for _, name := range []string{n.client, server} {
		do(t, "", "ip", "netns", "add", name)
		t.Cleanup(func() { do(t, "", "ip", "netns", "delete", name) })
	}
	do(t, "", "ip", "-n", n.client, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", server)
	for name, address := range map[string]string{n.client: clientAddress, server: serverAddress} {
		do(t, "", "ip", "-n", name, "address", "add", address+"/24", "dev", "wire")
		do(t, "", "ip", "-n", name, "link", "set", "wire", "up")
		do(t, "", "ip", "-n", name, "link", "set", "lo", "up")
	}
	do(t, firewall, "ip", "netns", "exec", server, "nft", "-f", "-")

	c := exec.Command("ip", "netns", "exec", server, os.Args[0])
	c.Env = append(os.Environ(), serveVariable+"=1")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the server does not come up: %q, %v", line, err)
	}
	return n
}

func do(t *testing.T, input, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Stdin = strings.NewReader(input)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// run runs the command of an attempt in the client's namespace, as a container would: with the real
// connect of agnhost, and the server as the one in resolv.conf.
func (n *network) run(ctx context.Context, command []string) probe.Run {
	if command[0] == "/agnhost" {
		command = append([]string{n.connect}, command[2:]...)
	} else if filepath.Base(command[0]) == "dig" && !strings.HasPrefix(command[1], "@") {
		command = append(command, "@"+serverAddress)
	}
	begun := time.Now()
	c := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.client}, command...)...)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	r := probe.Run{Stdout: stdout.String(), Stderr: stderr.String(), Took: time.Since(begun)}
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		r.ExitCode = ended.ExitCode()
	case err != nil:
		r.Lost = err.Error()
	}
	return r
}

// serve answers on the ports of the test until it is killed.
func serve() error {
	for address, answer := range map[string]func([]byte) []byte{
		":53":   func(q []byte) []byte { return respond(q, false) },
		":9000": func(q []byte) []byte { return q },
		":9004": func([]byte) []byte { return nil },
	} {
		socket, err := net.ListenPacket("udp4", address)
		if err != nil {
			return err
		}
		go datagrams(socket, answer)
	}
	for _, address := range []string{":80", ":53"} {
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			return err
		}
		go streams(listener)
	}
	fmt.Println("ready")
	select {}
}

func datagrams(socket net.PacketConn, answer func([]byte) []byte) {
	for buffer := make([]byte, 2048); ; {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		if a := answer(buffer[:n]); a != nil {
			_, _ = socket.WriteTo(a, from)
		}
	}
}

// streams answers DNS queries over TCP; a connection that sends none is just taken.
func streams(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			head := make([]byte, 2)
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			query := make([]byte, int(head[0])<<8|int(head[1]))
			if _, err := io.ReadFull(c, query); err != nil {
				return
			}
			if a := respond(query, true); a != nil {
				_, _ = c.Write(append([]byte{byte(len(a) >> 8), byte(len(a))}, a...))
				return
			}
			_, _ = io.Copy(io.Discard, c) // says nothing until the client hangs up
		}()
	}
}

// respond makes the response to a query by the first label of the name that it asks for; nil is
// none. Source: RFC 1035, section 4.1.
func respond(query []byte, overTCP bool) []byte {
	const header, typeAndClass = 12, 4
	end := header
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 1 + typeAndClass
	if end > len(query) {
		return nil
	}
	label := string(query[header+1 : header+1+int(query[header])])
	flags, code, record := byte(0x84), byte(0), false // a response, authoritative
	switch label {
	case "here":
		record = true
	case "big":
		if record = overTCP; !overTCP {
			flags |= 0x02 // truncated
		}
	case "absent":
		code = 3
	case "broken":
		code = 2
	case "refused":
		code = 5
	case "slow":
		return nil
	}
	response := append([]byte{query[0], query[1], flags, code, 0, 1, 0, 0, 0, 0, 0, 0}, query[header:end]...)
	if record {
		response[7] = 1
		response = append(response, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 1)
	}
	return response
}
