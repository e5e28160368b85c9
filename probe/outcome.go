package probe

// Outcome is what one test on the network came to. It is a closed set whose zero value is
// Inconclusive: whatever is not understood proves nothing.
type Outcome uint8

// The outcomes.
const (
	Inconclusive Outcome = iota
	Connected
	Refused
	TimedOut
	Reset
	Unreachable
	NameNotFound
	QueryRefused
	ServerFailure
	DNSTimedOut
)

// Outcomes lists them all, in the order in which they are documented.
var Outcomes = []Outcome{Connected, Refused, TimedOut, Reset, Unreachable, NameNotFound, QueryRefused, ServerFailure, DNSTimedOut, Inconclusive}

// meaning is what is documented of an outcome.
type meaning struct {
	name   string
	proves string
	not    string
}

// meanings says of each outcome what it proves and what it does not. Sources: tcp(7), icmp(7) and
// connect(2) for connections; RFC 1035 section 4.1.1 for response codes.
var meanings = map[Outcome]meaning{
	Inconclusive: {
		"Inconclusive",
		"Nothing. The test did not run to its end, or what came back makes no sense.",
		"That anything is blocked. A container that does not start, a command that is not there and an answer that got lost say nothing of the network.",
	},
	Connected: {
		"Connected",
		"Somebody answered: the handshake was completed (TCP), or bytes came back (UDP, SCTP, DNS). This way is open now, for new connections, from this pod.",
		"That the application works. Beside a mesh's sidecar not even that the connection left the pod: the proxy takes every connection itself.",
	},
	Refused: {
		"Refused",
		"A refusal came back at once.",
		"Who sent it. Nothing listens there, or nothing is behind the Service, or a network plugin that rejects what policies deny (kube-router, hence k3s; others where they are set to): refused is not allowed.",
	},
	TimedOut: {
		"TimedOut",
		"No answer in time.",
		"That a policy dropped it: so do firewalls, routes that lead nowhere, dead nodes and traffic policy Local. With UDP silence is not even a loss, since many servers say nothing to what they do not understand.",
	},
	Reset: {
		"Reset",
		"The connection was taken and then torn down by somebody on the way or at its end.",
		"That the application did it: proxies, load balancers and policies on requests do it, too.",
	},
	Unreachable: {
		"Unreachable",
		"A router or the own node says that there is no way there, or that it is prohibited.",
		"That the routes are wrong: a plugin that rejects with ICMP says the same, and so does the network of a pod that was deleted.",
	},
	NameNotFound: {
		"NameNotFound",
		"DNS was reached, and says that there is no such name, or no address of that family for it.",
		"That anything is blocked. The name is wrong, or its Service is not there.",
	},
	QueryRefused: {
		"QueryRefused",
		"DNS was reached and refuses to answer this question.",
		"That the server did it: a network plugin with policies on names answers the same in its place.",
	},
	ServerFailure: {
		"ServerFailure",
		"DNS was reached, and could not find the answer out.",
		"That the pod is cut off. The DNS server is, or its upstream is broken.",
	},
	DNSTimedOut: {
		"DNSTimedOut",
		"No DNS server answered in time.",
		"That a policy dropped the question or the answer: the server may be down or overloaded.",
	},
}

// String returns the outcome as it is written in documents.
func (o Outcome) String() string {
	if m, ok := meanings[o]; ok {
		return m.name
	}
	return meanings[Inconclusive].name
}

// Proves says what the outcome shows for certain.
func (o Outcome) Proves() string { return meanings[o].proves }

// ProvesNot says what the outcome is often taken to show, and does not.
func (o Outcome) ProvesNot() string { return meanings[o].not }

// Answered tells whether a DNS server said anything at all, be it that there is no such name.
func (o Outcome) Answered() bool {
	switch o {
	case Connected, NameNotFound, QueryRefused, ServerFailure:
		return true
	}
	return false
}

// Silent tells whether nothing came back. Only that is worth a second try: what was said at once
// would be said again.
func (o Outcome) Silent() bool { return o == TimedOut || o == DNSTimedOut }
