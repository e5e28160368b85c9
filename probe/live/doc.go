// Package live carries the plans of package probe out in a cluster: from an ephemeral container in
// the real source pod, which has the pod's own network, labels and identity.
//
// Such a container can be neither changed nor taken out until its pod is gone, so it is used again
// while it runs. A stand-in is a pod of its own with the workload's labels, made by a Job that ends and
// is deleted by itself. With a container's own tools nothing is made at all. Before anything is
// written, the API server is asked whether the user may, and whether it would take the object.
//
// The trials of a network plugin are made in a Scratch: two namespaces of their own, which are deleted
// with all that is in them.
package live
