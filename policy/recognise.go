package policy

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Plugin is what runs the network, as far as the objects tell. It is evidence, never proof: that
// policies are enforced is only shown by a connection that fails because of one.
type Plugin struct {
	Name     string
	Extends  string   // as in Profile
	Evidence []string // what was seen, in the order of the snapshot
	Declared bool     // the user named it, so nothing was looked for
	Enforces Truth
	Rejects  Truth // whether it answers what policies deny with a refusal, see Profile
}

// Is tells whether it is one of these, or a profile of the user's own that completes one.
func (p Plugin) Is(names ...string) bool {
	return slices.Contains(names, p.Name) || p.Extends != "" && slices.Contains(names, p.Extends)
}

// sign is what gives a plugin away: the name of an agent's DaemonSet or Deployment, or of one of
// its containers.
type sign struct {
	agent     string
	container string
	args      string // must be part of some argument, when set
	unless    string // must not be part of any argument, when set
	plugin    string
	enforces  Truth
}

// signs is in order of strength: an earlier sign of an enforcing plugin wins over a later one.
// Sources: the installation manifests of each project.
var signs = []sign{
	{agent: "anetd", plugin: "gke-dataplane-v2", enforces: Yes},
	{agent: "cilium", plugin: "cilium", enforces: Yes},
	{agent: "antrea-agent", plugin: "antrea", enforces: Yes},
	{agent: "ovnkube-node", plugin: "ovn-kubernetes", enforces: Yes},
	{agent: "calico-node", plugin: "calico", enforces: Yes},
	{agent: "canal", plugin: "calico", enforces: Yes},
	{agent: "kube-router", unless: "--run-firewall=false", plugin: "kube-router", enforces: Yes},
	{agent: "kube-router", args: "--run-firewall=false", plugin: "kube-router", enforces: No},
	{agent: "azure-npm", plugin: "azure-npm", enforces: Yes},
	{agent: "kube-network-policies", plugin: "kindnet", enforces: Yes},
	{agent: "kindnet", plugin: "kindnet", enforces: Maybe},
	{container: "aws-eks-nodeagent", args: "--enable-network-policy=true", plugin: "aws-vpc-cni", enforces: Yes},
	{agent: "aws-node", plugin: "aws-vpc-cni", enforces: No},
	{agent: "kube-flannel-ds", plugin: NoPlugin, enforces: No},
	{agent: "kube-flannel", plugin: NoPlugin, enforces: No},
}

// Recognise tells which plugin runs the network and what it does where the specification leaves
// room. A profile that the user declares overrides what is seen; nil: the user declares none.
func Recognise(s *cluster.Snapshot, declared *Profile) (Plugin, Profile) {
	if declared != nil {
		plugin := Plugin{Name: declared.Name, Extends: declared.Extends, Declared: true, Enforces: declared.Enforces, Rejects: declared.Rejects}
		if declared.File != "" {
			plugin.Evidence = []string{"profile " + declared.File}
		}
		return plugin, *declared
	}
	found := map[string]Plugin{}
	var order []string
	for _, sg := range signs {
		for _, a := range s.Agents {
			if !sg.shows(a) {
				continue
			}
			p, seen := found[sg.plugin]
			if !seen {
				order = append(order, sg.plugin)
				p = Plugin{Name: sg.plugin, Enforces: sg.enforces}
			}
			p.Evidence = append(p.Evidence, a.Ref.String())
			found[sg.plugin] = p
		}
	}
	order = slices.DeleteFunc(order, func(name string) bool { return len(order) > 1 && found[name].Enforces == No })
	switch len(order) {
	case 0:
		return recogniseByNodes(s)
	case 1:
		plugin := found[order[0]]
		profile, _ := ProfileNamed(plugin.Name)
		plugin.Rejects = profile.Rejects
		if plugin.Name == "cilium" {
			return ciliumSettings(s, plugin, profile)
		}
		return plugin, profile
	}
	mixed := Plugin{Name: unknownPlugin}
	for _, name := range order {
		mixed.Evidence = append(mixed.Evidence, found[name].Evidence...)
	}
	return mixed, Profile{Name: unknownPlugin}
}

func (sg sign) shows(a *cluster.Agent) bool {
	if sg.agent != "" && a.Name != sg.agent {
		return false
	}
	if sg.container != "" && !slices.Contains(a.Containers, sg.container) {
		return false
	}
	has := func(part string) bool {
		return slices.ContainsFunc(a.Args, func(arg string) bool { return strings.Contains(arg, part) })
	}
	return (sg.args == "" || has(sg.args)) && (sg.unless == "" || !has(sg.unless))
}

// recogniseByNodes knows k3s, which runs its enforcer inside its own process, by the kubelet's
// version. It may be switched off, so this is no more than a hint.
func recogniseByNodes(s *cluster.Snapshot) (Plugin, Profile) {
	for _, n := range s.Nodes {
		if strings.Contains(n.KubeletVersion, "+k3s") {
			return Plugin{Name: unknownPlugin, Evidence: []string{"kubelet " + n.KubeletVersion + " on node " + n.Name + " (k3s embeds kube-router)"}}, Profile{Name: unknownPlugin}
		}
	}
	return Plugin{Name: unknownPlugin}, Profile{Name: unknownPlugin}
}

// CiliumSettings are the settings of Cilium that are read.
var CiliumSettings = []string{enablePolicy, cidrMatchMode}

const (
	enablePolicy  = "enable-policy"
	cidrMatchMode = "policy-cidr-match-mode"
)

// ciliumSettings applies the settings of Cilium that change what policies do.
// Source: Cilium documentation, "Policy Enforcement Modes" and policy-cidr-match-mode.
func ciliumSettings(s *cluster.Snapshot, plugin Plugin, profile Profile) (Plugin, Profile) {
	config, ok := s.ConfigMaps["kube-system/cilium-config"]
	if !ok {
		return plugin, profile
	}
	entries := map[Behaviour]Entry{}
	for b, e := range profile.Entries {
		entries[b] = e
	}
	if strings.Contains(config[cidrMatchMode], "nodes") {
		entries[IPBlockMatchesNodes] = Entry{Yes, "policy-cidr-match-mode=nodes in kube-system/cilium-config"}
	}
	switch config[enablePolicy] {
	case "never":
		plugin.Enforces = No
		plugin.Evidence = append(plugin.Evidence, "enable-policy=never in kube-system/cilium-config")
	case "always":
		entries[UnselectedIsolated] = Entry{Maybe, "enable-policy=always in kube-system/cilium-config"}
		plugin.Evidence = append(plugin.Evidence, "enable-policy=always in kube-system/cilium-config")
	}
	profile.Entries = entries
	return plugin, profile
}
