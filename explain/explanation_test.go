package explain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// town is what the policies under test find: two namespaces, and in one of them the policies.
const town = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: mon, labels: {team: obs}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: c, image: i, ports: [{containerPort: 8443, name: https}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 443, targetPort: https}]}
---
apiVersion: v1
kind: Pod
metadata: {name: prom, namespace: mon, labels: {app: prom}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.2.3}
---
`

// read makes a snapshot of manifests.
func read(t *testing.T, manifests string) *cluster.Snapshot {
	t.Helper()
	source, err := file.Open(t.Context(), []string{"-"}, file.Options{
		Stdin: strings.NewReader(manifests), Namespace: "shop",
		Foreign:    func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind) != nil },
		Namespaced: func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind).Namespaced },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.Read(t.Context(), cluster.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// netpol writes a policy whose spec is given.
func netpol(name, spec string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: shop}\nspec: %s\n---\n", name, spec)
}

// words writes an explanation down, one statement a line.
func words(e *explain.Explanation) string {
	var b strings.Builder
	for _, t := range e.Treatments {
		fmt.Fprintf(&b, "who: %s\n", t.Who)
		for _, d := range t.Directions {
			fmt.Fprintf(&b, "%s: %s\n", d.Direction, d.Text)
			for _, o := range d.Opens {
				fmt.Fprintf(&b, "  %s on %s by %s %s\n", o.Who.Text(), o.Ports, o.Rule.Policy.Name, o.Rule.Path())
			}
		}
	}
	fmt.Fprintf(&b, "text: %s\n", e.Text)
	for _, n := range e.Notes {
		fmt.Fprintf(&b, "%s %s %s: %s\n", n.Status, n.Code, n.Path, n.Text)
	}
	return b.String()
}

func TestWhatAPolicyMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec    string
		beside  string   // more objects
		plugin  string   // network plugin
		says    []string // each is in the words
		never   []string // none is
		unclear bool
	}{
		"empty podSelector": {
			spec: "{podSelector: {}, policyTypes: [Ingress]}",
			says: []string{"who: every pod of namespace shop: deploy/api, deploy/web\n", "ingress: isolated. Nothing is let in but what some policy allows. This one allows nothing: it has no ingress rule\n", "egress: not isolated by this policy: it says nothing about egress\n", "No other policy isolates ingress of these pods"},
		},
		"one workload": {
			spec:  "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8443}]}]}",
			says:  []string{"who: pods app=api of namespace shop: deploy/api\n", "  deploy/web (pods app=web) on 8443/TCP by p spec.ingress[0].from[0]\n"},
			never: []string{"NPD", "unknown", "every port"},
		},
		"nobody is selected": {
			spec:  "{podSelector: {matchLabels: {app: apii}}, policyTypes: [Ingress], ingress: [{}]}",
			says:  []string{"pods app=apii of namespace shop: there is none now", "warning NPD604 spec.podSelector: "},
			never: []string{"No other policy"},
		},
		"nobody is meant": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: gone}}}]}]}",
			says: []string{"nobody now (pods app=gone of namespace shop) on every port", "warning NPD603 spec.ingress[0].from[0]: "},
		},
		"pods of another namespace": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: prom}}}]}]}",
			says: []string{"NPD203 spec.ingress[0].from[0]: without a namespaceSelector it means pods of namespace shop only; pods with these labels are in namespace mon"},
		},
		"everybody": {
			spec:  "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 8443}]}]}",
			says:  []string{"  anywhere, inside the cluster and outside on 8443/TCP by p spec.ingress[0]\n", "ok  spec.ingress[0]: an empty or missing from means everybody, not nobody"},
			never: []string{"lets everything"},
		},
		"everything": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{}]}",
			says: []string{"an empty rule lets everything out, so no other policy can narrow egress of these pods"},
		},
		"egress rules without policyTypes": {
			spec: "{podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}]}",
			says: []string{"warning NPD601 spec.policyTypes: not written down, so it became [Ingress, Egress]"},
		},
		"ingress rules without policyTypes": {
			spec:  "{podSelector: {}, ingress: [{}]}",
			says:  []string{"ok  spec.policyTypes: not written down, so it became [Ingress]"},
			never: []string{"NPD601"},
		},
		"policyTypes written down": {
			spec:  "{podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]}",
			never: []string{"not written down", "NPD601", "NPD602"},
		},
		"rules of a direction that is not listed": {
			spec: "{podSelector: {}, policyTypes: [Ingress], egress: [{}]}",
			says: []string{"egress: not isolated by this policy: policyTypes does not list Egress, so its 1 egress rule opens nothing\n", "NPD602"},
		},
		"such rules where the plugin may enforce them": {
			spec: "{podSelector: {}, policyTypes: [Ingress], egress: [{}]}", plugin: "cilium",
			says: []string{"unknown NPD602 spec.egress: this network plugin may enforce these rules anyway"},
		},
		"two items mean or": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: obs}}}, {podSelector: {matchLabels: {app: web}}}]}]}",
			says: []string{"namespace mon (every pod of namespaces team=obs) on every port", `ok  spec.ingress[0]: items 0 and 1 of from mean "or": every pod of namespaces team=obs, and also pods app=web of namespace shop`, "no proof of identity"},
		},
		"two items mean or, where and seems to be meant": {
			spec:   "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: mon}}}, {podSelector: {matchLabels: {app: prom}}}]}]}",
			beside: "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: mon, labels: {app: other}}\nspec: {containers: [{name: c, image: i}]}\n---\n",
			says:   []string{"NPD606"},
			never:  []string{"items 0 and 1"},
		},
		"one item means and": {
			spec:  "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: mon}}, podSelector: {matchLabels: {app: prom}}}]}]}",
			says:  []string{"mon/pod/prom (pods app=prom of namespace mon) on every port"},
			never: []string{`"or"`, "NPD404", "identity"},
		},
		"one item means and, and nobody": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: obs}}, podSelector: {matchLabels: {app: web}}}]}]}",
			says: []string{"nobody now", "NPD404 spec.ingress[0].from[0]: both selectors of one item have to match"},
		},
		"a namespace that is not there": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: gone}}}]}]}",
			says: []string{"nobody: no namespace matches (every pod of namespaces team=gone)"},
		},
		"a namespace whose labels are not known": {
			spec:    "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: obs}}}]}]}",
			beside:  "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: dark}\nspec: {containers: [{name: c, image: i}]}\n---\n",
			says:    []string{"namespace mon (every pod of namespaces team=obs); not known for namespaces whose labels are not known: dark on every port"},
			unclear: true,
		},
		"pods in such a namespace that have other labels": {
			spec:   "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: obs}}, podSelector: {matchLabels: {app: prom}}}]}]}",
			beside: "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: dark}\nspec: {containers: [{name: c, image: i}]}\n---\n",
			says:   []string{"mon/pod/prom (pods app=prom of namespaces team=obs) on every port"},
			never:  []string{"not known"},
		},
		"the port of the Service": {
			spec: "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: 443}, {port: 8443}]}]}",
			says: []string{"warning NPD301 spec.ingress[0].ports[0]: none of the pods declares 443/TCP; they declare 8443/TCP. 443 is the port of Service api"},
		},
		"the port with another protocol": {
			spec: "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: 8443, protocol: UDP}, {port: https}]}]}",
			says: []string{"NPD303 spec.ingress[0].ports[0]: none of the pods declares 8443/UDP"},
		},
		"a port that nothing declares": {
			spec: "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: 9}, {port: 8443}]}]}",
			says: []string{"NPD302 spec.ingress[0].ports[0]: none of the pods declares 9/TCP"},
		},
		"a port that nothing declares, and no other": {
			spec:  "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: 443}]}]}",
			says:  []string{"NPD611 spec.ingress[0].ports"},
			never: []string{"NPD30"},
		},
		"a port of pods that declare none": {
			spec:  "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{ports: [{port: 9}]}]}",
			never: []string{"NPD302", "declares"},
		},
		"a range of ports": {
			spec:  "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: 9, endPort: 10}]}]}",
			says:  []string{" on 9-10/TCP by "},
			never: []string{"NPD302"},
		},
		"a port of the pods that are reached": {
			spec: "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 443}, {port: https}]}]}",
			says: []string{`deploy/api (pods app=api) on 443/TCP, "https" = 8443/TCP by p spec.egress[0].to[0]`, "NPD301 spec.egress[0].ports[0]"},
		},
		"a port of whoever it is": {
			spec:  "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]}",
			never: []string{"NPD30"},
		},
		"a port name": {
			spec:  "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: https}]}]}",
			says:  []string{`on "https" = 8443/TCP by `},
			never: []string{"NPD304", "looked up"},
		},
		"a port name that nothing has": {
			spec: "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: nope}, {port: 8443}]}]}",
			says: []string{`on "nope"/TCP, 8443/TCP by `, `NPD304 spec.ingress[0].ports[0]: none of the pods declares a port named "nope" with TCP`},
		},
		"a port name that some have": {
			spec: "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: https}]}]}",
			says: []string{"the name is looked up on each pod: deploy/web does not have it"},
		},
		"a port name where names are broken": {
			spec:   "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{ports: [{port: https}]}]}",
			plugin: "azure-npm",
			says:   []string{"unknown  spec.ingress[0].ports[0]: what a port name means on this network plugin is not certain"},
		},
		"an ipBlock without pods in it": {
			spec:  "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}",
			says:  []string{"addresses 192.0.2.0/24 on every port"},
			never: []string{"plugin", "except"},
		},
		"an ipBlock with pods in it": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
			says: []string{"unknown NPD407 spec.egress[0].to[0]: whether it means pods, such as mon/pod/prom, depends on the network plugin"},
		},
		"an ipBlock whose except takes the pods out": {
			spec:  "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}",
			says:  []string{"an except denies nothing"},
			never: []string{"plugin"},
		},
		"an ipBlock where it means no pods": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", plugin: "cilium",
			says: []string{"it does not mean pods, such as mon/pod/prom, because on cilium an ipBlock matches no pod"},
		},
		"an ipBlock where it means pods": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}", plugin: "kube-router",
			says: []string{"it means pods, such as mon/pod/prom, because on kube-router an ipBlock matches pods"},
		},
		"an ipBlock of everything where it means pods": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", plugin: "kube-router",
			says: []string{"NPD615"}, never: []string{"it means pods"},
		},
		"an except that another rule allows": {
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.1/32]}}]}, {}]}",
			says: []string{"NPD609", "NPD610"}, never: []string{"an except denies nothing", "an empty rule lets"},
		},
		"cluster DNS that was not given": {
			spec:  "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}]}",
			says:  []string{"cluster DNS, which is not among what was read (pods k8s-app=kube-dns of namespace kube-system)"},
			never: []string{"nobody", "NPD603"},
		},
		"another policy isolates, too": {
			spec:   "{podSelector: {}, policyTypes: [Ingress]}",
			beside: netpol("all", "{podSelector: {}, policyTypes: [Ingress, Egress]}") + netpol("some", "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}"),
			says:   []string{"Ingress is isolated by all, too, and for some of these pods by some. Egress is isolated by all. "},
			never:  []string{"No other policy"},
		},
		"a policy of another layer": {
			spec:   "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}",
			beside: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}\n---\n",
			says:   []string{"unknown  : shop/c (CiliumNetworkPolicy) may apply to these pods, too"},
		},
		"a policy of another layer for other pods": {
			spec:   "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}",
			beside: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}\n---\n",
			never:  []string{"Cilium"},
		},
		"a mesh": {
			spec:   "{podSelector: {}, policyTypes: [Ingress]}",
			beside: "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: shop}\nspec: {}\n---\n",
			says:   []string{"ok NPD712 : shop/a (AuthorizationPolicy) judges requests and identities; NetworkPolicies see neither"},
		},
		"a pod on the network of its node": {
			spec:   "{podSelector: {matchLabels: {app: host}}, policyTypes: [Ingress]}",
			beside: "apiVersion: v1\nkind: Pod\nmetadata: {name: h, namespace: shop, labels: {app: host}}\nspec: {hostNetwork: true, containers: [{name: c, image: i}]}\n---\n",
			says:   []string{"unknown  : pod/h: on the network of its node (hostNetwork); whether policies isolate such a pod depends on the network plugin"},
		},
		"a plugin that enforces nothing": {
			spec: "{podSelector: {}, policyTypes: [Ingress]}", plugin: "none",
			says: []string{"NPD711"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := read(t, town+c.beside+netpol("p", c.spec))
			e, err := explain.AboutPolicy(explain.PolicyQuestion{Snapshot: s, Namespace: "shop", Name: "p", Plugin: declared(c.plugin)})
			if err != nil {
				t.Fatal(err)
			}
			got := words(e)
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("does not say %q:\n%s", want, got)
				}
			}
			for _, no := range c.never {
				if strings.Contains(got, no) {
					t.Errorf("says %q:\n%s", no, got)
				}
			}
			if unclear := e.Result() == explain.Unclear; unclear != c.unclear {
				t.Errorf("result %s:\n%s", e.Result(), got)
			}
		})
	}
}

func TestPolicyThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := read(t, town+netpol("allow-dns", "{podSelector: {}}"))
	for _, c := range []struct{ namespace, name, want string }{
		{"shop", "alow-dns", `no NetworkPolicy named "alow-dns" in namespace "shop"; did you mean allow-dns?`},
		{"mon", "allow-dns", `no NetworkPolicy named "allow-dns" in namespace "mon"; there is shop/netpol/allow-dns`},
		{"shpo", "allow-dns", `no namespace "shpo" among the files`},
		{"shop", "other", `no NetworkPolicy named "other" in namespace "shop"`},
	} {
		_, err := explain.AboutPolicy(explain.PolicyQuestion{Snapshot: s, Namespace: c.namespace, Name: c.name})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s/%s: %v, want %s", c.namespace, c.name, err, c.want)
		}
	}
}

func about(t *testing.T, manifests, kind, name, plugin string) *explain.Explanation {
	t.Helper()
	e, err := explain.AboutPods(explain.One{Snapshot: read(t, manifests), Namespace: "shop", Target: &ends.Target{Kind: kind, Namespace: "shop", Name: name}, Plugin: declared(plugin)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhatAppliesToPods(t *testing.T) {
	t.Parallel()
	allowWeb := netpol("allow-web", "{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: https}]}]}")
	deny := netpol("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
	open := netpol("open", "{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}")
	pods := `
apiVersion: v1
kind: Pod
metadata: {name: a-1, namespace: shop, labels: {app: a, ver: "1"}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: shop, labels: {app: host}}
spec: {hostNetwork: true, containers: [{name: c, image: i}]}
---
`
	for name, c := range map[string]struct {
		manifests, kind, name, plugin string
		says, never                   []string
	}{
		"not isolated":                   {town, "Deployment", "api", "", []string{"ingress: not isolated: no policy for ingress selects it, so everything is let in\n", "egress: not isolated"}, []string{"Policies add up", "Replies"}},
		"merged":                         {town + allowWeb + deny, "Deployment", "api", "", []string{"ingress: isolated by allow-web, deny. Only this is let in:\n", `  deploy/web (pods app=web) on "https" = 8443/TCP by allow-web spec.ingress[0].from[0]`, "egress: isolated by deny, and no rule lets anything out\n"}, nil},
		"a Service":                      {town + allowWeb, "Service", "api", "", []string{"ingress: isolated by allow-web. Only this"}, nil},
		"others":                         {town + allowWeb, "Deployment", "web", "", []string{"ingress: not isolated"}, []string{"allow-web"}},
		"all is open":                    {town + deny + open, "Deployment", "web", "", []string{"ingress: isolated by deny, open, but open spec.ingress[0] lets everything in, whatever else there is:\n"}, []string{"Only this is let in"}},
		"hostNetwork":                    {town + pods + deny + open, "Pod", "host", "", []string{"ingress: not known whether it is isolated: by deny, open, if", "Then only this is let in:", "Then nothing is let out"}, []string{"lets everything"}},
		"hostNetwork, where it is known": {town + pods + deny + open, "Pod", "host", "cilium", []string{"ingress: not isolated: deny, open would, but"}, []string{"anywhere"}},
		"a label that may be stamped": {
			town + netpol("pin", `{podSelector: {matchLabels: {pod-template-hash: x}}, policyTypes: [Ingress]}`), "Deployment", "web", "",
			[]string{"ingress: not known whether it is isolated; pin may select it: "},
			[]string{"everything is let in"},
		},
		"rules that are not listed": {
			town + netpol("half", "{podSelector: {}, policyTypes: [Ingress], egress: [{}]}"), "Deployment", "web", "cilium",
			[]string{"egress: not isolated", "unknown NPD602 half spec.egress: this network plugin may enforce"},
			nil,
		},
		"another layer": {
			town + "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{}]}\n", "Deployment", "web", "",
			[]string{"ingress: not isolated by a NetworkPolicy", "may apply to these pods, too"},
			[]string{"everything is let in"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := words(about(t, c.manifests, c.kind, c.name, c.plugin))
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("does not say %q:\n%s", want, got)
				}
			}
			for _, no := range c.never {
				if strings.Contains(got, no) {
					t.Errorf("says %q:\n%s", no, got)
				}
			}
		})
	}
}

func TestPodsThatAreTreatedDifferentlyAreGroups(t *testing.T) {
	t.Parallel()
	manifests := town
	for i, version := range []string{"1", "2", "2"} {
		manifests += fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: a-%d
  namespace: shop
  labels: {app: a, ver: "%s"}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: a, uid: u, controller: true}]
spec: {containers: [{name: c, image: i}]}
---
`, i, version)
	}
	manifests += `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a, namespace: shop}
spec:
  serviceName: a
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}
---
` + netpol("two", `{podSelector: {matchLabels: {ver: "2"}}, policyTypes: [Ingress]}`)
	e := about(t, manifests, "StatefulSet", "a", "")
	if len(e.Treatments) != 2 || e.Treatments[0].Who != "1 pod: a-0" || e.Treatments[1].Who != "2 pods: a-1, a-2" {
		t.Errorf("%s", words(e))
	}
	p, err := explain.AboutPolicy(explain.PolicyQuestion{Snapshot: e.Snapshot, Namespace: "shop", Name: "two"})
	if err != nil || !strings.Contains(p.Treatments[0].Who, "sts/a (2 of its 3 pods)") {
		t.Errorf("%v, %s", err, words(p))
	}
}

// TestUnreadPolicies: where policies could not be read nothing is said to be open.
func TestUnreadPolicies(t *testing.T) {
	t.Parallel()
	s := read(t, town)
	s.Gaps = append(s.Gaps, cluster.Gap{Resource: policy.PoliciesResource, Namespace: "shop", Reason: cluster.Forbidden})
	e, err := explain.AboutPods(explain.One{Snapshot: s.Seal(), Namespace: "shop", Target: &ends.Target{Kind: "Deployment", Namespace: "shop", Name: "api"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := words(e); e.Result() != explain.Unclear || strings.Contains(got, "everything is let") || !strings.Contains(got, "could not be read") {
		t.Errorf("%s: %s", e.Result(), got)
	}
	if e, err = explain.AboutPolicy(explain.PolicyQuestion{Snapshot: s, Namespace: "shop", Name: "p"}); err != nil || e.Result() != explain.Unclear {
		t.Errorf("%v, %+v", err, e)
	}
}

func TestCodesAndSymptoms(t *testing.T) {
	t.Parallel()
	if e, err := explain.AboutCode("npd301"); err != nil || len(e.Findings) != 1 || e.Findings[0].Code != "NPD301" || e.Result() != explain.Works {
		t.Errorf("%v, %+v", err, e)
	}
	for code, want := range map[string]string{"NPD399": "near it there is NPD301, NPD302", "npd9": "there is NPD1xx, NPD2xx", "NPD3011": "near it there is NPD301"} {
		if _, err := explain.AboutCode(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", code, err)
		}
		if !explain.IsCode(code) {
			t.Errorf("%s does not look like a code", code)
		}
	}
	if explain.IsCode("npd-api") || explain.IsCode("NPD") {
		t.Error("the name of an object looks like a code")
	}
	if e, err := explain.AboutSymptom("504"); err != nil || len(e.Findings) == 0 || e.Findings[0].Code != "NPD401" {
		t.Errorf("%v, %+v", err, e)
	}
	var none *explain.NoSymptomError
	if _, err := explain.AboutSymptom("all is well"); !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
}

// declared is the profile that ships under a name; none: nil.
func declared(name string) *policy.Profile {
	if p, ok := policy.ProfileNamed(name); ok {
		return &p
	}
	return nil
}
