package probe

import "time"

// Way is how tests get into the source's place. The zero value is none.
type Way string

// The ways.
const (
	AddedContainer Way = "EphemeralContainer" // a container in the source pod: its network, labels and identity
	StandInPod     Way = "StandInPod"         // a pod of its own with the source's labels
	OwnTools       Way = "Exec"               // what a container of the source pod already has
)

// Ways lists them all.
var Ways = []Way{AddedContainer, StandInPod, OwnTools}

// Meaning says what is made, what it proves of the source, and what it does not.
func (w Way) Meaning() (made, proves, not string) {
	switch w {
	case AddedContainer:
		return "an ephemeral container in the source pod", "The source's own network: its address, labels, identity, node, name servers and the proxy that it may have.", "The application's own client: its library, its time limits, its certificates."
	case StandInPod:
		return "a Job whose pod has the source's labels, name servers, tolerations and node selector; both are deleted", "What policies do to such a pod. It is made only where they say the same of both, and where nothing would take it for one of its own.", "The source's address, node, ServiceAccount and proxy are other ones. A pod that was just made may be cut off for its first seconds."
	case OwnTools:
		return "nothing", "As an ephemeral container, as far as the tools that are there can tell.", "Whether DNS answers, where there is no dig; datagrams, where there is no agnhost."
	}
	return "", "", ""
}

// Longest is the time that a plan may take, once what it is made in runs.
func (p *Plan) Longest() time.Duration {
	const start, overhead = time.Minute, time.Second
	return start + time.Duration(len(p.Attempts)*Tries)*(Timeout+overhead)
}
