package snapshot

import "strings"

// What is public belongs to Kubernetes, to a network plugin, a mesh or a controller that is
// recognised by it, or means something to a check. It tells nothing of whose cluster it is, and
// answers hang on it. Whatever a check starts to look for by name has to be added here; the
// catalogue's fixtures tell when that was forgotten.

// publicName tells whether a whole name or key is public: one without the characters that end names,
// or a part of it between dots.
func publicName(name string) bool { return publicNames[name] }

// publicWord tells whether a word, in lower case, is public within any name.
func publicWord(word string) bool { return publicWords[word] }

var publicWords = setOf(`
# what names of Kubernetes' own begin with, and what others are made of them
kube kubernetes k8s io default coredns istiod
# words of policies' names
deny denyall block isolate drop allow permit except unless but egress ingress outbound inbound
# words of this tool's own texts
env arg args command kubelet snapshot
`)

var publicNames = setOf(`
# namespaces, Services and workloads that are looked for by name
kube-system kube-public kube-node-lease openshift openshift-dns kube-dns dns-default coredns
rke2-coredns-rke2-coredns cilium-config kubernetes node-local-dns nodelocaldns konnectivity-agent istio-system
anetd cilium antrea-agent ovnkube-node calico-node canal kube-router azure-npm kube-network-policies kindnet
aws-eks-nodeagent aws-node kube-flannel-ds kube-flannel
antrea ovn-kubernetes calico flannel gke-dataplane-v2 aws-vpc-cni none unknown
# parts of DNS names
internet apiserver localhost svc cluster local pod io com org net k8s
# kinds and resources
Namespace Node Pod Service Endpoints EndpointSlice ConfigMap Deployment ReplicaSet StatefulSet DaemonSet Job
CronJob NetworkPolicy Ingress IngressClass Gateway GatewayClass ReferenceGrant HTTPRoute GRPCRoute TLSRoute
TCPRoute UDPRoute Role ClusterRole RoleBinding ClusterRoleBinding ServiceAccount User Group
namespaces nodes pods services endpoints endpointslices configmaps deployments replicasets statefulsets
daemonsets jobs cronjobs networkpolicies ingresses ingressclasses gateways gatewayclasses referencegrants
httproutes grpcroutes tlsroutes tcproutes udproutes roles clusterroles rolebindings clusterrolebindings
serviceaccounts replicationcontrollers templates users groups secrets pods/exec pods/ephemeralcontainers
pods/attach pods/portforward pods/status pods/log pods/eviction pods/binding
deployments/scale replicasets/scale statefulsets/scale replicationcontrollers/scale
ciliumnetworkpolicies ciliumclusterwidenetworkpolicies globalnetworkpolicies adminnetworkpolicies
baselineadminnetworkpolicies clusternetworkpolicies egressfirewalls authorizationpolicies servers
# groups
v1 v1beta1 v1alpha1 v1alpha2 v1alpha3 v2 apps batch extensions policy networking.k8s.io discovery.k8s.io
rbac.authorization.k8s.io gateway.networking.k8s.io policy.networking.k8s.io cilium.io projectcalico.org
crd.projectcalico.org crd.antrea.io k8s.ovn.org security.istio.io policy.linkerd.io networking.istio.io
authentication.k8s.io
# RBAC
cluster-admin admin edit view system system:authenticated system:unauthenticated system:masters
system:serviceaccounts system:serviceaccount authenticated unauthenticated masters
get list watch create update patch delete deletecollection impersonate escalate bind use
rbac.authorization.k8s.io/aggregate-to-admin rbac.authorization.k8s.io/aggregate-to-edit
rbac.authorization.k8s.io/aggregate-to-view
# labels and annotations
app k8s-app name kubernetes.io/metadata.name kubernetes.io/service-name kubernetes.io/ingress.class
app.kubernetes.io/name app.kubernetes.io/instance app.kubernetes.io/component app.kubernetes.io/part-of
app.kubernetes.io/managed-by app.kubernetes.io/version
pod-template-hash controller-revision-hash pod-template-generation statefulset.kubernetes.io/pod-name
apps.kubernetes.io/pod-index batch.kubernetes.io/controller-uid batch.kubernetes.io/job-name
batch.kubernetes.io/job-completion-index batch.kubernetes.io/cronjob-scheduled-time controller-uid job-name
annotation etcd_node topology.kubernetes.io/zone topology.kubernetes.io/region kubernetes.io/hostname
kubernetes.io/os kubernetes.io/arch node-role.kubernetes.io/control-plane node-role.kubernetes.io/master
pod-security.kubernetes.io/enforce privileged baseline restricted
endpointslice.kubernetes.io/managed-by endpointslice-controller.k8s.io
ingressclass.kubernetes.io/is-default-class
prometheus.io/scrape prometheus.io/port acme.cert-manager.io/http01-solver
argocd.argoproj.io/instance argocd.argoproj.io/tracking-id kustomize.toolkit.fluxcd.io/name
helm.toolkit.fluxcd.io/name meta.helm.sh/release-name helm.sh/chart
istio istio.io/rev istio.io/dataplane-mode ambient istio-injection enabled disabled sidecar.istio.io/inject
security.istio.io/tlsMode ingressgateway true false
linkerd.io/control-plane-ns linkerd.io/inject consul.hashicorp.com/connect-inject-status injected
gateway.networking.k8s.io/gateway-name gateway.envoyproxy.io/owning-gateway-name
gateway.envoyproxy.io/owning-gateway-namespace gateway.envoyproxy.io/owning-gatewayclass
# Cilium's labels
k8s:io.kubernetes.pod.namespace io.kubernetes.pod.namespace any reserved:host reserved:world
# controllers, and the labels of their pods
k8s.io/ingress-nginx nginx.org/ingress-controller traefik.io/ingress-controller traefik.io/gateway-controller
haproxy-ingress.github.io/controller haproxy.org/ingress-controller istio.io/ingress-controller
istio.io/gateway-controller istio.io/unmanaged-gateway istio.io/mesh-controller io.cilium/gateway-controller
projectcontour.io/gateway-controller projectcontour.io/ingress-controller
gateway.envoyproxy.io/gatewayclass-controller konghq.com/kic-gateway-controller
ingress-nginx nginx-ingress traefik haproxy-ingress kubernetes-ingress envoy contour controller kong
# who writes
argocd-controller argocd-application-controller kustomize-controller helm-controller helm Helm kubectl
kubectl-client-side-apply kubectl-edit kubectl-patch kubectl-label kube-controller-manager
# ports
http https grpc tcp udp sctp dns dns-tcp linkerd-proxy http-envoy-prom TCP UDP SCTP
# settings of network plugins
enable-policy policy-cidr-match-mode always never nodes
# values of fields
ClusterIP NodePort LoadBalancer ExternalName InternalIP ExternalIP RequestMirror Ready ServiceAccount All Same
Selector None True False Unknown Allow Deny Pass Accept Log Cluster Files Egress Ingress Audit
`)

// setOf are the words of lines that do not begin with a number sign.
func setOf(lines string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(lines) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			set[w] = true
		}
	}
	return set
}
