package probe

import (
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// The bounds of what is sent, so that no probe looks like a port scan. An attempt is tried again
// only where nothing came back: a policy takes a moment to be programmed, and one packet may get
// lost. Within its time a TCP client sends its first packet twice. Source: tcp(7), tcp_syn_retries.
const (
	Timeout = 2 * time.Second
	Tries   = 3
)

// Hop is a stop on the way of a connection.
type Hop string

// The hops, in the order in which they are tested.
const (
	ResolverUDP Hop = "ResolverUDP" // the pod's DNS server answers over UDP
	ResolverTCP Hop = "ResolverTCP" // and over TCP, which answers that do not fit need
	Name        Hop = "Name"        // the name stands for what the API says
	Service     Hop = "Service"     // the Service's own address
	Backend     Hop = "Backend"     // what the connection arrives at: a pod, a node, an address outside
	Own         Hop = "Own"         // the application, asked from within its own pod by the pod's address
	Loopback    Hop = "Loopback"    // and by the loopback
)

// Attempt is one thing to test, from one pod.
type Attempt struct {
	Hop      Hop
	Protocol corev1.Protocol
	Family   corev1.IPFamily
	// Name is what is looked up. Of a connection it is the name whose address is dialled, where no
	// object tells the address.
	Name    string
	Address netip.Addr
	Port    int32
	// Object is what the address belongs to.
	Object cluster.Ref
	// Node is the node that the destination is on, where that is known.
	Node string
	// Expected are the addresses that the API says the name stands for; none where it does not say.
	Expected []netip.Addr
	// Verdict is what policies say of exactly this flow, of several backends of all of them.
	Verdict policy.Verdict
	// Self: a pod tests itself.
	Self bool
	// Sidecar: the source's connections are taken by a mesh's proxy.
	Sidecar bool
	// Fronted: a mesh's proxy at the destination takes the connection. What policies let through is seen
	// all the same, but not whether the application answers.
	Fronted bool

	flows []policy.Flow // that Verdict is about
	tool  Tool          // what it is made with; the zero value: one of ImageTools
}

// Exchange is what an attempt has to see before it counts as answered.
type Exchange uint8

// The exchanges. The zero value is none of them.
const (
	Handshake Exchange = iota + 1 // TCP: the other side takes the connection
	Reply                         // UDP and SCTP: something comes back to what was sent
	Lookup                        // DNS: a response
	Proxied                       // TCP beside a mesh's proxy, which takes every connection itself
)

// Exchanges lists them all.
var Exchanges = []Exchange{Handshake, Proxied, Reply, Lookup}

// String says what it is in a few words.
func (e Exchange) String() string {
	switch e {
	case Handshake:
		return "TCP handshake"
	case Reply:
		return "UDP or SCTP reply"
	case Lookup:
		return "DNS lookup"
	case Proxied:
		return "TCP handshake beside a mesh's proxy"
	}
	return ""
}

// Inside tells whether the attempt is made from within the destination's own pod, whose traffic to
// itself no policy judges.
func (a Attempt) Inside() bool { return a.Hop == Own || a.Hop == Loopback }

// Exchange tells which one an attempt is.
func (a Attempt) Exchange() Exchange {
	switch {
	case a.Hop == ResolverUDP || a.Hop == ResolverTCP || a.Hop == Name:
		return Lookup
	case a.Protocol != corev1.ProtocolTCP:
		return Reply
	case a.Sidecar:
		return Proxied
	}
	return Handshake
}

// Target is what the attempt is about, as a person writes it: "10.0.0.1:80/TCP", or a name.
func (a Attempt) Target() string {
	if a.Exchange() == Lookup {
		return a.Name
	}
	host := a.Name
	if a.Address.IsValid() {
		host = a.Address.String()
	}
	return joinHostPort(host, a.Port) + "/" + string(a.Protocol)
}

// Command is what is run for an attempt, by default in a container of the agnhost image.
func (a Attempt) Command() []string {
	t := a.made()
	return t.command(t.path, a)
}

// Parse reads what the command of the attempt came to.
func (a Attempt) Parse(r Run) Observation { return a.made().parse(r) }

// made is the tool that the attempt is made with.
func (a Attempt) made() Tool {
	if a.tool.command == nil {
		a, _ = a.With(ImageTools)
	}
	return a.tool
}

func protocolName(p corev1.Protocol) string {
	switch p {
	case corev1.ProtocolUDP:
		return "udp"
	case corev1.ProtocolSCTP:
		return "sctp"
	}
	return "tcp"
}

func joinHostPort(host string, port int32) string {
	number := strconv.Itoa(int(port))
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]:" + number
	}
	return host + ":" + number
}
