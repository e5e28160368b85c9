package check

// Probed are the findings that only a test on the network makes, NPD8xx: what was seen is not what
// the objects say. They have no check to run on a question; package probe reports them.
var Probed = []Check{
	{
		Code: "NPD801", Severity: Error,
		Title: "policies deny it, and it connects",
		Doc: `NetworkPolicies deny the connection, and a test on the network got through. Whoever relies on
these policies is not protected.

The usual reasons, likeliest first: nothing enforces policies; the policy or the pod is so new
that it is still being programmed; the traffic comes from the pod's own node; a policy of another
layer allows it first. The answer says which of them something speaks for.

Verify: kubectl netpol-doctor probe with the same ends, a minute later.

Fix: see to it that a network plugin enforces policies on both nodes; no edit of a policy helps.`,
	},
	{
		Code: "NPD802", Severity: Error,
		Title: "policies allow it, and nothing comes back",
		Doc: `NetworkPolicies allow the connection, and a test on the network got no answer, or one that there
is no way. That is no proof that a policy is to blame, and neither is it one that none is.

The usual reasons: a policy of another layer, a firewall of the cloud or of the node, the way
between two nodes, a policy that is still being programmed, a pod that is gone.

Verify: test from a pod that no policy isolates. Where that fails, too, it is not policies.

Fix: what the answer names first; no edit of a NetworkPolicy helps.`,
	},
	{
		Code: "NPD803", Severity: Error,
		Title: "policies allow it, and it is refused",
		Doc: `NetworkPolicies allow the connection, and a test on the network was refused or reset at once.
Mostly nothing listens there: the application listens on another port or on the loopback only, or
nothing is behind the Service. A network plugin that rejects what it denies looks the same.

Verify: add --probe-destination, which asks from within the destination's own pod.

Fix: let the application listen on its pod's address and on the port that is dialled.`,
	},
	{
		Code: "NPD804", Severity: Error,
		Title: "the pod's DNS server does not answer",
		Doc: `A lookup from the pod got no answer from its DNS server, although policies do not deny it. Until
it does, nothing works that is called by its name.

Verify: kubectl get pods -n kube-system -l k8s-app=kube-dns, and their logs.

Fix: start the DNS server, or see to the way to it; no edit of a NetworkPolicy helps.`,
	},
	{
		Code: "NPD805", Severity: Error,
		Title: "the name does not stand for what the API says",
		Doc: `DNS answered, and the answer is not the one that follows from the Service: there is no such name,
the server could not find it out, or the addresses are others. The client connects to something
else, or to nothing.

Verify: compare the addresses with kubectl get service and kubectl get endpointslices.

Fix: the name that the client uses, or the DNS server; records may be cached for a few seconds.`,
	},
	{
		Code: "NPD806", Severity: Error,
		Title: "the Service's address does not work, its pods do",
		Doc: `By their own addresses the pods behind the Service answer, by the Service's address nothing does.
So neither policies between the pods nor the application are to blame.

The usual reasons: kube-proxy, or what stands for it, does not run on the source's node or is
behind; the traffic policy is Local; the plugin judges the Service's address or port.

Verify: look at the log of kube-proxy, or of the network plugin, on the source's node.

Fix: restart what programs Services on that node.`,
	},
	{
		Code: "NPD807", Severity: Error,
		Title: "some pods behind the Service answer, others do not",
		Doc: `Of the pods that were tested some answer and some do not, although policies allow all of them. So
the connection works now and then. Where those fail that are on other nodes than the source, it is
the way between nodes; else it is those pods.

Verify: ask again with one of the pods that fail as the destination.

Fix: the pods or the nodes that the answer names.`,
	},
	{
		Code: "NPD808", Severity: Error,
		Title: "the application listens on the loopback only",
		Doc: `From within its own pod the application answers on the loopback address; by the pod's own address
the same port is refused. No policy is to blame: nobody outside the pod will ever reach it.

Verify: the application's log, or its configuration, says "listening on 127.0.0.1".

Fix: let it listen on 0.0.0.0 or ::.`,
	},
	{
		Code: "NPD809", Severity: Error,
		Title: "it does not work, and what policies say of it is not known",
		Doc: `A test on the network failed. Whether policies are to blame is not known: what decides could not
be read, or is the network plugin's to decide.

Verify: settle what the answer hangs on, and ask again.

Fix: depends on what it turns out to be.`,
	},
}
