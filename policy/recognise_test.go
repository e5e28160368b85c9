package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What runs the network, as far as the objects tell.
func TestRecognise(t *testing.T) {
	t.Parallel()
	agent := func(name string, args ...string) *cluster.Agent {
		return &cluster.Agent{Ref: cluster.Ref{Kind: "DaemonSet", Namespace: "kube-system", Name: name}, Args: args}
	}
	aws := func(args ...string) *cluster.Agent {
		a := agent("aws-node", args...)
		a.Containers = []string{"aws-node", "aws-eks-nodeagent"}
		return a
	}
	cilium := func(key, value string) map[string]map[string]string {
		return map[string]map[string]string{"kube-system/cilium-config": {key: value}}
	}
	for _, row := range []struct {
		name     string
		agents   []*cluster.Agent
		config   map[string]map[string]string
		kubelet  string
		override string
		plugin   string
		enforces policy.Truth
	}{
		{name: "nothing is seen", plugin: "unknown"},
		{name: "something else is seen", agents: []*cluster.Agent{agent("kube-proxy")}, plugin: "unknown"},
		{name: "calico", agents: []*cluster.Agent{agent("calico-node"), agent("kube-proxy")}, plugin: "calico", enforces: policy.Yes},
		{name: "cilium", agents: []*cluster.Agent{agent("cilium")}, plugin: "cilium", enforces: policy.Yes},
		{name: "cilium, switched off", agents: []*cluster.Agent{agent("cilium")}, config: cilium("enable-policy", "never"), plugin: "cilium", enforces: policy.No},
		{name: "cilium, always", agents: []*cluster.Agent{agent("cilium")}, config: cilium("enable-policy", "always"), plugin: "cilium", enforces: policy.Yes},
		{name: "GKE Dataplane V2", agents: []*cluster.Agent{agent("anetd")}, plugin: "gke-dataplane-v2", enforces: policy.Yes},
		{name: "canal", agents: []*cluster.Agent{agent("canal")}, plugin: "calico", enforces: policy.Yes},
		{name: "Azure NPM", agents: []*cluster.Agent{agent("azure-npm")}, plugin: "azure-npm", enforces: policy.Yes},
		{name: "antrea", agents: []*cluster.Agent{agent("antrea-agent")}, plugin: "antrea", enforces: policy.Yes},
		{name: "OVN-Kubernetes", agents: []*cluster.Agent{agent("ovnkube-node")}, plugin: "ovn-kubernetes", enforces: policy.Yes},
		{name: "kube-router", agents: []*cluster.Agent{agent("kube-router", "--run-firewall=true")}, plugin: "kube-router", enforces: policy.Yes},
		{name: "kube-router as a router only", agents: []*cluster.Agent{agent("kube-router", "--run-firewall=false")}, plugin: "kube-router", enforces: policy.No},
		{name: "AWS, enforcing", agents: []*cluster.Agent{aws("--enable-network-policy=true")}, plugin: "aws-vpc-cni", enforces: policy.Yes},
		{name: "AWS, as installed", agents: []*cluster.Agent{aws("--enable-network-policy=false")}, plugin: "aws-vpc-cni", enforces: policy.No},
		{name: "AWS and Calico for policies", agents: []*cluster.Agent{aws(), agent("calico-node")}, plugin: "calico", enforces: policy.Yes},
		{name: "kindnet may enforce", agents: []*cluster.Agent{agent("kindnet")}, plugin: "kindnet", enforces: policy.Maybe},
		{name: "flannel alone does not", agents: []*cluster.Agent{agent("kube-flannel-ds")}, plugin: "none", enforces: policy.No},
		{name: "flannel with an enforcer", agents: []*cluster.Agent{agent("kube-flannel-ds"), agent("kube-network-policies")}, plugin: "kindnet", enforces: policy.Yes},
		{name: "two enforcers", agents: []*cluster.Agent{agent("calico-node"), agent("cilium")}, plugin: "unknown"},
		{name: "k3s is a hint only", kubelet: "v1.34.4+k3s1", plugin: "unknown"},
		{name: "the user knows better", agents: []*cluster.Agent{agent("calico-node")}, override: "cilium", plugin: "cilium", enforces: policy.Yes},
		{name: "the user says that nothing enforces", agents: []*cluster.Agent{agent("calico-node")}, override: "none", plugin: "none", enforces: policy.No},
		{name: "the user does not know", agents: []*cluster.Agent{agent("calico-node")}, override: "unknown", plugin: "unknown"},
	} {
		s := &cluster.Snapshot{Agents: row.agents, ConfigMaps: row.config}
		if row.kubelet != "" {
			s.Nodes = []*cluster.Node{{Name: "n1", KubeletVersion: row.kubelet}}
		}
		var declared *policy.Profile
		if p, ok := policy.ProfileNamed(row.override); ok {
			declared = &p
		}
		plugin, profile := policy.Recognise(s.Seal(), declared)
		if plugin.Name != row.plugin || plugin.Enforces != row.enforces {
			t.Errorf("%s: %s, enforces %v; want %s, %v", row.name, plugin.Name, plugin.Enforces, row.plugin, row.enforces)
		}
		if plugin.Declared != (row.override != "") {
			t.Errorf("%s: declared %v", row.name, plugin.Declared)
		}
		if profile.Name != plugin.Name {
			t.Errorf("%s: profile %q of plugin %q", row.name, profile.Name, plugin.Name)
		}
		if row.override == "" && (len(row.agents) > 0 && !slices.Contains([]string{"kube-proxy"}, row.agents[0].Name) || row.kubelet != "") && len(plugin.Evidence) == 0 {
			t.Errorf("%s: no evidence", row.name)
		}
	}
}

func TestRecogniseSettingsOfCilium(t *testing.T) {
	t.Parallel()
	with := func(key, value string) policy.Profile {
		s := &cluster.Snapshot{
			Agents:     []*cluster.Agent{{Ref: cluster.Ref{Kind: "DaemonSet", Namespace: "kube-system", Name: "cilium"}}},
			ConfigMaps: map[string]map[string]string{"kube-system/cilium-config": {key: value}},
		}
		_, profile := policy.Recognise(s.Seal(), nil)
		return profile
	}
	if got := with("policy-cidr-match-mode", "nodes").Of(policy.IPBlockMatchesNodes).Answer; got != policy.Yes {
		t.Errorf("policy-cidr-match-mode=nodes: blocks match nodes: %v", got)
	}
	if got := with("policy-cidr-match-mode", "").Of(policy.IPBlockMatchesNodes).Answer; got != policy.No {
		t.Errorf("policy-cidr-match-mode at its default: blocks match nodes: %v", got)
	}
	if got := with("enable-policy", "always").Of(policy.UnselectedIsolated).Answer; got == policy.No {
		t.Errorf("enable-policy=always: pods that nothing selects are isolated: %v", got)
	}
	// The shipped profile is not touched.
	if p, _ := policy.ProfileNamed("cilium"); p.Of(policy.UnselectedIsolated).Answer != policy.No {
		t.Error("the shipped profile was changed")
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	if policy.Profiles[0].Name != "unknown" || len(policy.Profiles[0].Entries) > 0 {
		t.Error("the first profile is the one that knows nothing")
	}
	names := map[string]bool{}
	for _, p := range policy.Profiles {
		if names[p.Name] || p.Name != strings.ToLower(p.Name) {
			t.Errorf("profile name %q", p.Name)
		}
		names[p.Name] = true
		for b, e := range p.Entries {
			if e.Verified == "" {
				t.Errorf("%s: %s does not say how it is known", p.Name, b)
			}
			if !slices.Contains(policy.Behaviours, b) {
				t.Errorf("%s: %s is not in the list of behaviours", p.Name, b)
			}
			if e.Answer == policy.Maybe && b.OnlyIfCertain() {
				t.Errorf("%s: %s is yes or no", p.Name, b)
			}
		}
	}
	if _, ok := policy.ProfileNamed("frobnicate"); ok {
		t.Error("there is no such profile")
	}
}

// TestIs: a profile of the user's own is taken for the one that it completes, under its own name.
func TestIs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		plugin policy.Plugin
		want   bool
	}{
		{policy.Plugin{Name: "cilium"}, true},
		{policy.Plugin{Name: "measured", Extends: "cilium"}, true},
		{policy.Plugin{Name: "measured"}, false},
		{policy.Plugin{Name: "measured", Extends: "calico"}, false},
		{policy.Plugin{}, false},
	} {
		if got := row.plugin.Is("kube-router", "cilium"); got != row.want {
			t.Errorf("%+v: %v", row.plugin, got)
		}
	}
	declared := policy.Profile{Name: "measured", Extends: "cilium", File: "x.yaml"}
	if p, _ := policy.Recognise((&cluster.Snapshot{}).Seal(), &declared); !p.Is("cilium") || p.Name != "measured" {
		t.Errorf("%+v", p)
	}
}
