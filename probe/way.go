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

// Longest is the time that a plan may take, once what it is made in runs.
func (p *Plan) Longest() time.Duration {
	const start, overhead = time.Minute, time.Second
	return start + time.Duration(len(p.Attempts)*Tries)*(Timeout+overhead)
}
