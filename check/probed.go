package check

// Probed are the findings that only a test on the network makes, NPD8xx: what was seen is not what
// the objects say. They have no check to run on a question; package probe reports them.
var Probed = []Check{
	{
		Code: "NPD801", Severity: Error,
		Title: "policies deny it, but it connects",
		Doc: `NetworkPolicies deny the connection, and a test on the network connected. Whoever relies on these
policies is not protected.

The usual reasons, likeliest first: nothing enforces policies; the policy or the pod is so new that
the plugin has not applied it yet; the traffic comes from the pod's own node; a policy of another
kind allows it first. The answer names those that there is evidence for.

Verify: kubectl netpol-doctor probe SOURCE DESTINATION with the same ends, a minute later.

Fix: make sure that a network plugin enforces policies on both nodes. No edit of a policy helps.`,
	},
	{
		Code: "NPD802", Severity: Error,
		Title: "policies allow it, but nothing comes back",
		Doc: `NetworkPolicies allow the connection, and a test on the network got no answer, or "no route". This
does not prove that a policy is the cause, nor that none is.

The usual reasons: a policy of another kind, a firewall of the cloud or of the node, the network
between two nodes, a policy that the plugin has not applied yet, a pod that is gone.

Verify: test from a pod that no policy isolates. If that fails too, policies are not the cause.

Fix: what the answer names first. No edit of a NetworkPolicy helps.`,
	},
	{
		Code: "NPD803", Severity: Error,
		Title: "policies allow it, but it is refused",
		Doc: `NetworkPolicies allow the connection, and a test on the network was refused or reset at once.
Usually nothing listens there: the application listens on another port or on the loopback address
only, or nothing is behind the Service. A network plugin that rejects denied traffic looks the same.

Verify: add --probe-destination, which also tests from inside the destination's own pod.

Fix: make the application listen on the pod's address and on the port that the client uses.`,
	},
	{
		Code: "NPD804", Severity: Error,
		Title: "the pod's DNS server does not answer",
		Doc: `A lookup from the pod got no answer from its DNS server, although policies do not deny it. Until it
answers, no connection by name works.

Verify: kubectl get pods -n kube-system -l k8s-app=kube-dns, and kubectl logs -n kube-system -l
k8s-app=kube-dns

Fix: start the DNS server, or repair the network to it. No edit of a NetworkPolicy helps.`,
	},
	{
		Code: "NPD805", Severity: Error,
		Title: "the name does not resolve to what the API says",
		Doc: `DNS answered, but not with what follows from the Service: the name does not exist, the server failed
to look it up, or the addresses are different. The client connects to something else, or to nothing.

Verify: compare the addresses with kubectl get service NAME -n NAMESPACE and kubectl get
endpointslices -n NAMESPACE

Fix: correct the name that the client uses, or the DNS server. Records may be cached for a few
seconds.`,
	},
	{
		Code: "NPD806", Severity: Error,
		Title: "the Service's address does not work, but its pods do",
		Doc: `The pods behind the Service answer at their own addresses; the Service's address does not. So
neither policies between the pods nor the application are the cause.

The usual reasons: kube-proxy, or what replaces it, does not run on the source's node or is behind;
the traffic policy is Local; the plugin applies policies to the Service's address or port.

Verify: read the log of kube-proxy, or of the network plugin, on the source's node.

Fix: restart what programs Services on that node.`,
	},
	{
		Code: "NPD807", Severity: Error,
		Title: "some pods behind the Service answer, others do not",
		Doc: `Some of the tested pods answer and some do not, although policies allow all of them. The connection
works only sometimes. If those on other nodes than the source fail, the network between nodes is the
cause; if not, those pods are.

Verify: ask again with one of the failing pods as the destination.

Fix: repair the pods or the nodes that the answer names.`,
	},
	{
		Code: "NPD808", Severity: Error,
		Title: "the application listens on the loopback address only",
		Doc: `Inside its own pod the application answers on the loopback address, and refuses the same port on the
pod's own address. No policy causes this: nothing outside the pod can ever connect to it.

Verify: the application's log or configuration says "listening on 127.0.0.1".

Fix: make it listen on 0.0.0.0 or ::.`,
	},
	{
		Code: "NPD809", Severity: Error,
		Title: "it does not work, and what policies say about it is not known",
		Doc: `A test on the network failed. Whether policies are the cause is not known: something that decides
could not be read, or depends on the network plugin.

Verify: find out what the answer depends on, and ask again.

Fix: depends on the result.`,
	},
}
