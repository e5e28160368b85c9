package explain

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Basis says what an answer rests on: where objects were read, and which network plugin is taken to run.
func (d *Diagnosis) Basis() string {
	from := "the cluster"
	if d.Snapshot.FromFiles {
		from = "files"
	}
	if d.Snapshot.Saved {
		from = "a snapshot of " + from
	}
	plugin := "network plugin not known"
	switch name := d.Plugin.Name; {
	case name == "" || name == policy.Profiles[0].Name:
	case d.Plugin.Declared && name == policy.NoPlugin:
		plugin = "no network plugin enforces policies, as --network-plugin says"
	case name == policy.NoPlugin:
		plugin = "no network plugin was seen that enforces policies"
	case d.Plugin.Declared:
		plugin = fmt.Sprintf("network plugin %s, as --network-plugin says", name)
	default:
		plugin = "network plugin " + name
	}
	return fmt.Sprintf("Read from %s; %s", from, plugin)
}
