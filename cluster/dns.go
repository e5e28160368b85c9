package cluster

// DNSServices are the names that the cluster DNS Service goes by, in the order they are looked for:
// on nearly every distribution, on OpenShift, where only the DNS server itself gave its name, on
// RKE2. Sources: task page "Customizing DNS Service"; OpenShift DNS Operator; RKE2's chart.
var DNSServices = []Ref{
	{Namespace: "kube-system", Name: "kube-dns"},
	{Namespace: "openshift-dns", Name: "dns-default"},
	{Namespace: "kube-system", Name: "coredns"},
	{Namespace: "kube-system", Name: "rke2-coredns-rke2-coredns"},
}
