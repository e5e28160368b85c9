package file

import (
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestPolicyValidation: what the API server refuses in a policy is an error at the line of the
// field, and what it takes is none. The rows are what follows `spec:`; the first line is line 6.
func TestPolicyValidation(t *testing.T) {
	rows := []struct{ name, spec, want string }{
		{"nothing", "  {}", ""},
		{"selectors", "  podSelector:\n    matchLabels: {a.example/b: c}\n    matchExpressions:\n    - {key: a, operator: NotIn, values: [b, \"\"]}\n    - {key: a, operator: Exists}", ""},
		{"a label key", "  podSelector:\n    matchLabels:\n      a: b\n      _x: c", "9: spec.podSelector.matchLabels[_x]: Invalid value: \"_x\""},
		{"a label value", "  podSelector:\n    matchLabels:\n      a: b/c", "8: spec.podSelector.matchLabels[a]: Invalid value: \"b/c\""},
		{"an operator", "  podSelector:\n    matchExpressions:\n    - key: a\n      operator: Equals", "9: spec.podSelector.matchExpressions[0].operator: Invalid value: \"Equals\": not a valid selector operator"},
		{"In without values", "  podSelector:\n    matchExpressions:\n    - key: a\n      operator: In", "8: spec.podSelector.matchExpressions[0].values: Required value"},
		{"Exists with values", "  podSelector:\n    matchExpressions:\n    - key: a\n      operator: Exists\n      values: [b]", "10: spec.podSelector.matchExpressions[0].values: Forbidden"},
		{"an empty peer", "  ingress:\n  - from:\n    - podSelector: {}\n    - {}", "9: spec.ingress[0].from[1]: Required value: must specify a peer"},
		{"two kinds of peer", "  egress:\n  - to:\n    - podSelector: {}\n      ipBlock:\n        cidr: 10.0.0.0/8", "8: spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer"},
		{"two selectors", "  egress:\n  - to:\n    - podSelector: {}\n      namespaceSelector: {}", ""},
		{"a protocol", "  ingress:\n  - ports:\n    - protocol: tcp", `8: spec.ingress[0].ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"`},
		{"a port", "  ingress:\n  - ports:\n    - port: 0", "8: spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535"},
		{"a large port", "  egress:\n  - {}\n  - ports:\n    - {}\n    - port: 65536", "10: spec.egress[1].ports[1].port: Invalid value: 65536: must be between 1 and 65535"},
		{"a port name", "  ingress:\n  - ports:\n    - port: HTTP_", "8: spec.ingress[0].ports[0].port: Invalid value: \"HTTP_\""},
		{"a number in quotes", "  ingress:\n  - ports:\n    - port: \"80\"", "8: spec.ingress[0].ports[0].port: Invalid value: \"80\": must contain at least one letter"},
		{"a range", "  ingress:\n  - ports:\n    - port: 80\n      endPort: 80\n    - port: 1\n      endPort: 65535", ""},
		{"a range backwards", "  ingress:\n  - ports:\n    - port: 80\n      endPort: 79", "9: spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`"},
		{"a range too far", "  ingress:\n  - ports:\n    - port: 80\n      endPort: 70000", "9: spec.ingress[0].ports[0].endPort: Invalid value: 70000: must be between 1 and 65535"},
		{"a range from a name", "  ingress:\n  - ports:\n    - port: http\n      endPort: 90", "9: spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"},
		{"a range from nothing", "  ingress:\n  - ports:\n    - endPort: 90", "8: spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified"},
		{"a block", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except: [10.1.0.0/16, 10.2.3.4/32]\n    - ipBlock:\n        cidr: fd00::/8", ""},
		{"a block without a block", "  ingress:\n  - from:\n    - ipBlock:\n        except: []", "8: spec.ingress[0].from[0].ipBlock.cidr: Required value"},
		{"an address for a block", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.1", "9: spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.1\": must be a valid CIDR value"},
		{"except all of it", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 10.1.0.0/16\n        - 10.0.0.0/8", "12: spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`"},
		{"except elsewhere", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 11.0.0.0/16", "11: spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset"},
		{"except of another family", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 0.0.0.0/0\n        except:\n        - fd00::/8", "11: spec.ingress[0].from[0].ipBlock.except[0]: Invalid value"},
		{"except no CIDR", "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 0.0.0.0/0\n        except:\n        - x", "11: spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"x\": must be a valid CIDR value"},
		{"policy types", "  policyTypes: [Ingress, Egress]", ""},
		{"a policy type", "  policyTypes:\n  - Ingress\n  - ingress", `8: spec.policyTypes[1]: Unsupported value: "ingress": supported values: "Ingress", "Egress"`},
		{"three policy types", "  policyTypes:\n  - Ingress\n  - Egress\n  - Egress", "6: spec.policyTypes: Invalid value: "},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := failure(t, folder(t, "a.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\nspec:\n"+row.spec+"\n"))
			line, message, _ := strings.Cut(row.want, ": ")
			want := "reading a.yaml:" + line + ": default/a (NetworkPolicy): " + message
			if row.want == "" && got != "" || row.want != "" && !strings.HasPrefix(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestValidation: of other kinds, what an answer can hang on. The rows are what follows
// `metadata:` and the name, which is in line 4.
func TestValidation(t *testing.T) {
	const template = "  template:\n    metadata:\n      labels: {app: a}\n"
	rows := []struct{ name, apiVersion, kind, text, want string }{
		{"a label", "v1", "Pod", "  labels:\n    app: a b", "6: metadata.labels[app]: Invalid value: \"a b\""},
		{"a namespace", "v1", "Pod", "  namespace: Team", "5: metadata.namespace: Invalid value: \"Team\""},
		{"an owner", "v1", "Pod", "  ownerReferences:\n  - kind: ReplicaSet\n    apiVersion: apps/v1", "6: metadata.ownerReferences[0].name: Required value"},
		{"two controllers", "v1", "Pod", "  ownerReferences:\n  - {apiVersion: v1, kind: A, name: a, controller: true}\n  - {apiVersion: v1, kind: B, name: b, controller: true}", "7: metadata.ownerReferences[1].controller: Invalid value: true: only one owner can be the controller"},
		{"two owners", "v1", "Pod", "  ownerReferences:\n  - {apiVersion: v1, kind: A, name: a, controller: true}\n  - {apiVersion: v1, kind: B, name: b}", ""},
		{"a container port", "v1", "Pod", "spec:\n  containers:\n  - ports:\n    - containerPort: 80\n    - containerPort: 70000", "9: spec.containers[0].ports[1].containerPort: Invalid value: 70000"},
		{"no container port", "v1", "Pod", "spec:\n  initContainers:\n  - ports:\n    - name: http\n  containers: [{}]", "8: spec.initContainers[0].ports[0].containerPort: Required value"},
		{"a port name", "v1", "Pod", "spec:\n  containers:\n  - ports:\n    - name: a-very-long-name-\n      containerPort: 80", "8: spec.containers[0].ports[0].name: Invalid value"},
		{"a port name twice", "v1", "Pod", "spec:\n  containers:\n  - ports:\n    - {name: a, containerPort: 80}\n    - {name: a, containerPort: 81}", "9: spec.containers[0].ports[1].name: Duplicate value: \"a\""},
		{"a port name in two containers", "v1", "Pod", "spec:\n  containers:\n  - ports:\n    - {name: a, containerPort: 80}\n  - ports:\n    - {name: a, containerPort: 81}", ""},
		{"a protocol", "v1", "Pod", "spec:\n  containers:\n  - ports:\n    - {containerPort: 80, protocol: ICMP}", "8: spec.containers[0].ports[0].protocol: Unsupported value"},
		{"a DNS policy", "v1", "Pod", "spec:\n  dnsPolicy: Cluster\n  containers: [{}]", "6: spec.dnsPolicy: Unsupported value"},
		{"no container", "v1", "Pod", "spec:\n  dnsPolicy: Default", "5: spec.containers: Required value"},
		{"an empty list of containers", "v1", "Pod", "spec:\n  hostNetwork: true\n  containers: []", "7: spec.containers: Required value"},
		{"a pod address", "v1", "Pod", "status:\n  podIP: 10.0.0.256", "6: status.podIP: Invalid value"},
		{"two addresses of a family", "v1", "Pod", "status:\n  podIPs:\n  - ip: 10.0.0.1\n  - ip: 10.0.0.2", "6: status.podIPs: Invalid value"},
		{"no selector", "apps/v1", "Deployment", "spec:\n" + template, "5: spec.selector: Required value"},
		{"an empty selector", "apps/v1", "StatefulSet", "spec:\n  selector: {}\n" + template, "6: spec.selector: Invalid value"},
		{"another selector", "apps/v1", "DaemonSet", "spec:\n  selector:\n    matchLabels: {app: b}\n" + template, "10: spec.template.metadata.labels: Invalid value"},
		{"a template", "apps/v1", "ReplicaSet", "spec:\n  selector:\n    matchLabels: {app: a}\n" + template + "    spec:\n      containers:\n      - ports:\n        - containerPort: -1", "14: spec.template.spec.containers[0].ports[0].containerPort: Invalid value: -1"},
		{"a job's template", "batch/v1", "Job", "spec:\n  template:\n    metadata:\n      labels: {a: b c}", "8: spec.template.metadata.labels[a]: Invalid value"},
		{"a cron job's template", "batch/v1", "CronJob", "spec:\n  jobTemplate:\n    spec:\n      template:\n        metadata:\n          labels: {a: b c}", "10: spec.jobTemplate.spec.template.metadata.labels[a]: Invalid value"},
		{"a Service port", "v1", "Service", "spec:\n  ports:\n  - port: 0", "7: spec.ports[0].port: Invalid value: 0"},
		{"no Service port", "v1", "Service", "spec: {}", "5: spec.ports: Required value"},
		{"a headless Service", "v1", "Service", "spec:\n  clusterIP: None", ""},
		{"an external name", "v1", "Service", "spec:\n  type: ExternalName\n  externalName: a.example.com", ""},
		{"no external name", "v1", "Service", "spec:\n  type: ExternalName", "5: spec.externalName: Required value"},
		{"two Service ports without names", "v1", "Service", "spec:\n  ports:\n  - port: 80\n  - {name: a, port: 81}", "7: spec.ports[0].name: Required value"},
		{"a Service port twice", "v1", "Service", "spec:\n  ports:\n  - {name: a, port: 80}\n  - {name: b, port: 80, protocol: TCP}", "8: spec.ports[1]: Duplicate value"},
		{"a Service port of two protocols", "v1", "Service", "spec:\n  ports:\n  - {name: a, port: 53}\n  - {name: b, port: 53, protocol: UDP}", ""},
		{"a target port", "v1", "Service", "spec:\n  ports:\n  - port: 80\n    targetPort: HTTP", "8: spec.ports[0].targetPort: Invalid value: \"HTTP\""},
		{"a Service selector", "v1", "Service", "spec:\n  ports: [{port: 80}]\n  selector:\n    app: a/b", "8: spec.selector[app]: Invalid value"},
		{"a cluster IP", "v1", "Service", "spec:\n  ports: [{port: 80}]\n  clusterIP: x", "7: spec.clusterIP: Invalid value"},
		{"a Service type", "v1", "Service", "spec:\n  ports: [{port: 80}]\n  type: Cluster", "7: spec.type: Unsupported value"},
		{"an address type", "discovery.k8s.io/v1", "EndpointSlice", "endpoints: []", "1: addressType: Required value"},
		{"an address of another type", "discovery.k8s.io/v1", "EndpointSlice", "addressType: IPv6\nendpoints:\n- addresses: [10.0.0.1]", "7: endpoints[0].addresses[0]: Invalid value"},
		{"a slice's port", "discovery.k8s.io/v1", "EndpointSlice", "addressType: IPv4\nendpoints: []\nports:\n- port: 0", "8: ports[0].port: Invalid value: 0"},
		{"an endpoint's address", "v1", "Endpoints", "subsets:\n- addresses:\n  - ip: x", "7: subsets[0].addresses[0].ip: Invalid value"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := failure(t, folder(t, "a.yaml", "apiVersion: "+row.apiVersion+"\nkind: "+row.kind+"\nmetadata:\n  name: a\n"+row.text+"\n"))
			line, message, _ := strings.Cut(row.want, ": ")
			if row.want == "" && got != "" || row.want != "" && (!strings.HasPrefix(got, "reading a.yaml:"+line+": ") || !strings.Contains(got, ": "+message)) {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
	for _, name := range []string{"A", "a_b", "a.b", strings.Repeat("a", 64)} {
		if failure(t, folder(t, "a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+name+"\n")) == "" {
			t.Errorf("a namespace named %s", name)
		}
	}
}

// TestOldBlocks: CIDRs that the API server no longer takes, but has stored, are read with a
// warning.
func TestOldBlocks(t *testing.T) {
	dir := folder(t, "a.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\nspec:\n  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.1.2.3/16\n        except:\n        - 010.1.2.0/24\n")
	s := open(t, dir)
	if got := read(t, s, cluster.Scope{All: true}).Policies[0].Spec.Ingress[0].From[0].IPBlock.CIDR; got != "10.1.2.3/16" {
		t.Errorf("got %s", got)
	}
	got := s.Warnings()
	if len(got) != 2 || !strings.Contains(got[1], "a.yaml:11: default/a (NetworkPolicy): spec.ingress[0].from[0].ipBlock.except[0]") || !strings.Contains(got[0], "a.yaml:9: default/a (NetworkPolicy): spec.ingress[0].from[0].ipBlock.cidr") {
		t.Errorf("got %q", got)
	}
}

// TestAllThatIsWrong: everything that is wrong is reported at once, in the order of the files,
// up to a number.
func TestAllThatIsWrong(t *testing.T) {
	text := func(n int) string {
		return strings.Repeat("    - port: 0\n", n)
	}
	const head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: NAME\nspec:\n  ingress:\n  - ports:\n"
	dir := folder(t, "b.yaml", strings.ReplaceAll(head, "NAME", "b")+text(1), "a.yaml", strings.ReplaceAll(head, "NAME", "a")+text(2))
	lines := strings.Split(failure(t, dir), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "a.yaml:8:") || !strings.Contains(lines[1], "a.yaml:9:") || !strings.Contains(lines[2], "b.yaml:8:") {
		t.Errorf("got %q", lines)
	}
	lines = strings.Split(failure(t, folder(t, "a.yaml", strings.ReplaceAll(head, "NAME", "a")+text(13))), "\n")
	if len(lines) != 11 || lines[10] != "and more" {
		t.Errorf("got %q", lines)
	}
	if !slices.IsSorted(lines[:2]) {
		t.Errorf("got %q", lines)
	}
}
