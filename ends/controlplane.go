package ends

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// ControlPlane stands for where the API server's connections come from, where no object tells.
const ControlPlane = "the API server"

// roles are the labels that control-plane nodes carry; the second is the older one.
// Source: Well-Known Labels, node-role.kubernetes.io/control-plane.
var roles = []string{"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"}

// resolveAPIServer finds where the API server connects from when it calls an admission webhook or
// an aggregated API: the control-plane nodes. Of a managed cluster they are not among the nodes,
// and where agents of a konnectivity tunnel run, the connections may come from those.
// Sources: "Communication between Nodes and the Control Plane"; task page "Set up Konnectivity
// service".
func resolveAPIServer(s *cluster.Snapshot, end End) End {
	end.Ref = cluster.Ref{Kind: "APIServer", Name: "apiserver"}
	tunnel := slices.ContainsFunc(s.Agents, func(a *cluster.Agent) bool { return a.Name == "konnectivity-agent" })
	for _, n := range s.Nodes {
		if slices.ContainsFunc(roles, func(role string) bool { _, has := n.Labels[role]; return has }) {
			end.Hosts = append(end.Hosts, n)
		}
	}
	if len(end.Hosts) == 0 || tunnel || !s.Read.Nodes {
		end.Hosts, end.Name = nil, ControlPlane
	}
	return end
}

// outside tells whether connections of a source come in from outside the cluster.
func (e End) outside() bool { return len(e.Ranges) > 0 || e.Name != "" && !e.Target.APIServer }
