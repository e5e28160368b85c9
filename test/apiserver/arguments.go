package apiserver

import "net"

// Files in the server's directory, which is where the processes run.
const (
	authorityFile               = "ca.crt"
	servingCertificateFile      = "apiserver.crt"
	servingKeyFile              = "apiserver.key"
	kubeletCertificateFile      = "kubelet-client.crt"
	kubeletKeyFile              = "kubelet-client.key"
	serviceAccountKeyFile       = "service-account.key"
	controllerManagerKubeconfig = "controller-manager.kubeconfig"

	// etcdEndpoint is a Unix socket: nobody else can take it, and the directory
	// keeps other users out, so etcd needs no certificates.
	etcdEndpoint = "unix://etcd.sock"
)

const (
	loopback = "127.0.0.1"

	// serviceRange is where Services get their addresses, and serviceAddress the
	// first of them: that of default/kubernetes.
	serviceRange   = "10.96.0.0/16"
	serviceAddress = "10.96.0.1"

	// advertisedAddress becomes the endpoint of the Service default/kubernetes
	// where there are no nodes. It has to be none of this machine's loopback, and
	// nothing ever connects to it; this one is set aside for documentation.
	advertisedAddress = "192.0.2.1"
)

// host is the address that the server listens on.
func (o Options) host() string {
	if o.Nodes != nil {
		return o.Nodes.Address
	}
	return loopback
}

func etcdArguments() []string {
	// etcd demands addresses for peers, which it does not have, and for clients
	// to be told of, which ours never ask for.
	const unused = "http://127.0.0.1:0"
	return []string{
		"--name=test",
		"--data-dir=etcd",
		"--listen-client-urls=" + etcdEndpoint,
		"--advertise-client-urls=" + unused,
		"--listen-peer-urls=" + unused,
		"--initial-advertise-peer-urls=" + unused,
		"--initial-cluster=test=" + unused,
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func apiserverArguments(address string, options Options) []string {
	host, port, _ := net.SplitHostPort(address)
	arguments := []string{
		"--etcd-servers=" + etcdEndpoint,
		"--bind-address=" + host,
		"--secure-port=" + port,
		"--tls-cert-file=" + servingCertificateFile,
		"--tls-private-key-file=" + servingKeyFile,
		"--client-ca-file=" + authorityFile,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + serviceAccountKeyFile,
		"--service-account-signing-key-file=" + serviceAccountKeyFile,
		"--service-cluster-ip-range=" + serviceRange,
		"--allow-privileged",
	}
	if options.Nodes != nil {
		arguments = append(
			arguments,
			"--advertise-address="+host,
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--kubelet-client-certificate="+kubeletCertificateFile,
			"--kubelet-client-key="+kubeletKeyFile,
			"--kubelet-preferred-address-types=InternalIP",
		)
	} else {
		arguments = append(arguments, "--advertise-address="+advertisedAddress, "--authorization-mode=RBAC")
	}
	if !options.ControllerManager {
		// It refuses pods in namespaces without a ServiceAccount, which only the
		// controller manager makes.
		arguments = append(arguments, "--disable-admission-plugins=ServiceAccount")
	}
	return arguments
}

func controllerManagerArguments(options Options) []string {
	arguments := []string{
		"--kubeconfig=" + controllerManagerKubeconfig,
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + serviceAccountKeyFile,
		"--root-ca-file=" + authorityFile,
		"--leader-elect=false",
		"--secure-port=0",
		"--flex-volume-plugin-dir=volume-plugins", // the default is outside its directory, and it makes it
		"--kube-api-qps=1000",                     // the default makes it start for seconds
		"--kube-api-burst=1000",
	}
	if options.Nodes != nil {
		return append(
			arguments,
			"--allocate-node-cidrs",
			"--cluster-cidr="+options.Nodes.PodRange,
			"--service-cluster-ip-range="+serviceRange,
		)
	}
	// Nodes without a kubelet are taken for dead, and their pods removed.
	return append(arguments, "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-pod-garbage-collector-controller")
}
