// Package rights reads RBAC: who may change what the NetworkPolicies of a namespace rest on. A
// policy is only as strong as those rights.
//
// It knows roles and bindings as they are in a Snapshot. It knows nothing of what policies say, and
// no words.
package rights
