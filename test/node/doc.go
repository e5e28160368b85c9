// Package node gives tests a real Kubernetes cluster of one node: the control
// plane of test/apiserver, and beside it a scheduler, containerd, a kubelet,
// kube-proxy, a pod network and CoreDNS. Pods run, resolve names and connect.
//
// Everything that a node does to its machine happens in namespaces of its own
// (PID, mount and network) whose first process is a child of the test: with it
// the kernel ends every process, and with them go their mounts, interfaces and
// packet filter rules. What is left is a directory, a control group and a few
// settings of the kernel, which are removed or put back, by the next node if
// the test is killed. No container engine and no image registry is needed:
// images are put together from programs of this machine.
//
// The network, all of it local to the machine:
//
//	10.99.0.254    this machine, where the API server listens
//	10.99.0.1      the node
//	10.244.0.0/24  its pods
//	10.96.0.0/16   Services, with DNS at 10.96.0.10
//	198.18.0.0/24  the outside, another network namespace; see [OutsideAddresses]
//
// Whatever else pods connect to is dropped in the outside.
package node
