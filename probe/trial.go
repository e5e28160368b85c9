package probe

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// The pods that trials are made with. All but the guest are in one namespace, which the policies are
// in as well. Each of them listens on every TCP port of TrialPorts and the UDP port of TrialDatagrams.
const (
	Client    = "client"
	Server    = "server"
	Stranger  = "stranger"
	Guest     = "guest"     // in a namespace of its own
	Ownerless = "ownerless" // has no owner
	Flanked   = "flanked"   // has a sidecar that declares a port
)

// TrialPods lists them. Those from the Ownerless on are needed by one trial each.
var TrialPods = []string{Client, Server, Stranger, Guest, Ownerless, Flanked}

// TrialPorts and TrialDatagrams are the ports that pods of a trial listen on.
var TrialPorts = []int32{7070, 8080, 8081, 8082, 8083}

// TrialDatagrams is the UDP port that pods of a trial listen on.
const TrialDatagrams int32 = 9090

// TrialServicePort is the port of the server's Service; the pod's is 8080.
const TrialServicePort int32 = 8000

// TrialLabel is the key of the label that tells pods of a trial apart.
const TrialLabel = "netpol-doctor.dev/pod"

// Where a line may lead beside pods.
const (
	ToService   = "service"    // the server's Service
	ToOwnNode   = "own-node"   // the kubelet of the client's node
	ToOtherNode = "other-node" // the kubelet of another node that a pod of the trial is on
	ToOutside   = "outside"    // an address outside the cluster
)

// Trial is one question to a cluster: policies in a scratch namespace, connections that show that
// these have come into force, and connections that answer the question.
type Trial struct {
	Name string
	Asks string // a question that can be answered with yes or no
	// Spec is the answer that the specification demands; Maybe: it leaves it open. Source says where.
	Spec   policy.Truth
	Source string
	// Policies are the specifications of NetworkPolicies, in which words in capitals stand for what
	// is only known in the cluster, see Place.
	Policies []string
	// Guards are connections whose outcome is certain on every plugin that enforces the direction.
	// Until they come out as wanted, the policies are not in force.
	Guards []Line
	// Lines answer the question: yes where all of them come out as wanted.
	Lines []Line
	// Needs are answers of earlier trials without which this one means nothing.
	Needs []Need
	// Behaviour is what the answer says of the plugin. Deviation: a yes is what the specification
	// says, so that the plugin has the behaviour where the answer is no.
	Behaviour policy.Behaviour
	Deviation bool
}

// Need is an answer that an earlier trial has to have come to, and why.
type Need struct {
	Trial  string
	Answer policy.Truth
	Else   string // why the trial is not made otherwise
	Partly string // why, where that trial's policies keep out some of what they have to; empty: Else
}

// Line is a connection from a pod of the trial, and whether it is wanted to get through.
type Line struct {
	From     string
	To       string // a pod of the trial, or one of the places beside pods
	Port     int32  // of a pod or the Service; elsewhere the place has its own
	Protocol corev1.Protocol
	Connects bool
}

// through and shut are lines to a TCP port, one that is to get through and one that is not.
func through(from, to string, port int32) Line {
	return Line{From: from, To: to, Port: port, Protocol: corev1.ProtocolTCP, Connects: true}
}

func shut(from, to string, port int32) Line {
	return Line{From: from, To: to, Port: port, Protocol: corev1.ProtocolTCP}
}

// Key names the connection, whatever is wanted of it.
func (l Line) Key() string {
	target := l.To
	if l.Port != 0 {
		target += ":" + strconv.Itoa(int(l.Port))
	}
	return l.From + " → " + target + "/" + string(l.Protocol)
}

// certain tells whether a line has to connect on every cluster as long as there are no policies.
func (l Line) certain() bool {
	return l.To != ToOwnNode && l.To != ToOtherNode && l.To != ToOutside && (l.From != Server || l.To != ToService)
}

// Place is what is known of the scratch namespaces once their pods run. Addresses that are not known
// are not valid.
type Place struct {
	Guests    string // the namespace of the guest
	Pods      map[string]netip.Addr
	Service   netip.Addr
	OwnNode   netip.Addr
	OtherNode netip.Addr
	Outside   netip.AddrPort
	// Missing says why a pod or a place is not there, by its name.
	Missing map[string]string
}

// Family is the IP family of the pods' addresses. A pod has one more address where its cluster has two
// families, but a policy may be enforced for one of them only, so that each would have to be tried.
func (p *Place) Family() string {
	switch a := p.Pods[Server]; {
	case !a.IsValid():
		return ""
	case a.Unmap().Is4():
		return "IPv4"
	}
	return "IPv6"
}

// KubeletPort is where a node listens. Source: reference page "Ports and Protocols".
const KubeletPort int32 = 10250

// Dials returns the address and port of a line; if there is none, why.
func (p *Place) Dials(l Line) (address netip.AddrPort, why string) {
	a, port := p.Pods[l.To], l.Port
	switch l.To {
	case ToService:
		a = p.Service
	case ToOwnNode:
		a, port = p.OwnNode, KubeletPort
	case ToOtherNode:
		a, port = p.OtherNode, KubeletPort
	case ToOutside:
		a, port = p.Outside.Addr(), int32(p.Outside.Port())
	}
	for _, name := range []string{l.From, l.To} {
		if why := p.Missing[name]; why != "" {
			return netip.AddrPort{}, why
		}
	}
	if !a.IsValid() {
		return netip.AddrPort{}, "it is not known which address " + l.To + " has"
	}
	return netip.AddrPortFrom(a, uint16(port)), ""
}

// The bounds of trials: how long one connection may take, which is tried often, and how long after
// its creation a policy has to be in force.
const (
	TrialTimeout = time.Second
	Patience     = 15 * time.Second
)

// Command is what is run in the pod for one try of a line.
func (l Line) Command(address netip.AddrPort, timeout time.Duration) []string {
	return []string{"/agnhost", "connect", "--timeout=" + timeout.String(), "--protocol=" + protocolName(l.Protocol), address.String()}
}

// Specs makes the policies of a trial for the place that they are for.
func (t Trial) Specs(p *Place) ([]networkingv1.NetworkPolicySpec, error) {
	pairs := []string{"GUESTS", "{matchLabels: {kubernetes.io/metadata.name: " + p.Guests + "}}"}
	for _, pod := range TrialPods {
		word := strings.ToUpper(pod)
		// The longer words first, since a word may begin another.
		pairs = append(pairs, "@@@"+word, quotedBlock(p.Pods[pod], 2), "@@"+word, quotedBlock(p.Pods[pod], 1), "@"+word, quotedBlock(p.Pods[pod], 0), word, "{matchLabels: {"+TrialLabel+": "+pod+"}}")
	}
	pairs = append(
		pairs, "@SERVICE", quotedBlock(p.Service, 0), "@OWN-NODE", quotedBlock(p.OwnNode, 0), "@OTHER-NODE", quotedBlock(p.OtherNode, 0),
		"@@@OUTSIDE", quotedBlock(p.Outside.Addr(), 2), "@@OUTSIDE", quotedBlock(p.Outside.Addr(), 1), "@OUTSIDE", quotedBlock(p.Outside.Addr(), 0),
	)
	words := strings.NewReplacer(pairs...)
	var specs []networkingv1.NetworkPolicySpec
	for _, text := range t.Policies {
		var spec networkingv1.NetworkPolicySpec
		if err := yaml.UnmarshalStrict([]byte(words.Replace(text)), &spec); err != nil {
			return nil, fmt.Errorf("making the policies of trial %s: %w", t.Name, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// quotedBlock is the block of an address, wider by some bits, as a YAML string.
func quotedBlock(a netip.Addr, wider int) string {
	if !a.IsValid() {
		return `""`
	}
	return `"` + netip.PrefixFrom(a, a.BitLen()-wider).Masked().String() + `"`
}
