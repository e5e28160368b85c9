package node

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	machineAddress = "10.99.0.254"
	nodeAddress    = "10.99.0.1"
	gateway        = "198.18.0.1" // the node, as the outside sees it
	podRange       = "10.244.0.0/16"
	nodePodRange   = "10.244.0.0/24" // what the one node gets of it

	machineLink = "npd-node"    // this machine's end of the link to the node
	nodeLink    = "to-machine"  // the node's end
	outsideLink = "to-outside"  // the node's end of the link to the outside
	outside     = "outside"     // the network namespace beyond it
	bridge      = "pods-bridge" // where pods are attached without an enforcer
)

// OutsideAddresses are those of a machine that is not part of the cluster. It
// answers HTTP on port 80, and datagrams on the same port, as `agnhost netexec`
// does. It sees the addresses of pods and reaches them.
func OutsideAddresses() [2]string { return [2]string{"198.18.0.10", "198.18.0.20"} }

// connect makes the links of the node: one to this machine, for the API server
// and the tests, and one to the outside.
func (n *Node) connect(ctx context.Context) error {
	addresses := OutsideAddresses()
	for _, step := range []string{
		"link add " + machineLink + " type veth peer name " + nodeLink + " netns " + n.inside.id(),
		"address add " + machineAddress + "/24 dev " + machineLink,
		"link set " + machineLink + " up",
		"route add " + nodePodRange + " via " + nodeAddress,
	} {
		if err := finish(exec.CommandContext(ctx, "ip", strings.Fields(step)...)); err != nil {
			return err
		}
	}
	return n.run(
		ctx,
		"ip link set lo up",
		"ip address add "+nodeAddress+"/24 dev "+nodeLink,
		"ip link set "+nodeLink+" up",

		"ip netns add "+outside,
		"ip link add "+outsideLink+" type veth peer name eth0 netns "+outside,
		"ip address add "+gateway+"/24 dev "+outsideLink,
		"ip link set "+outsideLink+" up",
		"ip -n "+outside+" link set lo up",
		"ip -n "+outside+" link set eth0 up",
		"ip -n "+outside+" address add "+addresses[0]+"/24 dev eth0",
		"ip -n "+outside+" address add "+addresses[1]+"/24 dev eth0",
		"ip -n "+outside+" route add default via "+gateway,
		"ip netns exec "+outside+" sysctl -qw net.ipv4.ip_forward=0",

		// All that is not known is outside, and answered by nobody there.
		"ip route add default via "+addresses[0],
		"sysctl -qw net.ipv4.ip_forward=1",
		// Without it what goes from pod to pod on one bridge passes kube-proxy by.
		"sysctl -qw net.bridge.bridge-nf-call-iptables=1",
	)
}

// startOutside starts the server that answers outside, datagrams from the
// address that they were sent to.
func (n *Node) startOutside() error {
	addresses := OutsideAddresses()
	return n.launchInside("outside", "ip", "netns", "exec", outside,
		filepath.Join(n.programs, "agnhost"), "netexec", "--http-port=80",
		"--udp-port=80", "--udp-listen-addresses="+strings.Join(addresses[:], ","))
}

// Outside runs a command in the network namespace outside and returns what it
// prints.
func (n *Node) Outside(ctx context.Context, program string, arguments ...string) (string, error) {
	command := n.inside.command(ctx, "ip", append([]string{"netns", "exec", outside, program}, arguments...)...)
	output, err := command.Output()
	if err != nil {
		err = fmt.Errorf("running %s outside: %w", strings.Join(command.Args, " "), err)
	}
	return string(output), err
}
