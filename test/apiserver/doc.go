// Package apiserver gives tests a real Kubernetes API: etcd and kube-apiserver,
// and kube-controller-manager when asked for, run as child processes of the
// test. [Start] runs them for one test, [Shared] for a whole test binary.
//
// There is no kubelet and no scheduler, unless test/node adds them. Pods, nodes and their status are what
// a test writes with [Server.Apply], so a cluster can be put into any state,
// and stays in it.
//
// The three programs are one executable, built from test/kube. The environment
// variable NETPOL_DOCTOR_KUBE names it; without it the tests are skipped.
package apiserver
