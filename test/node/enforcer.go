package node

// Enforcer names a program that makes NetworkPolicies true.
type Enforcer string

// None is the bare node.
const None Enforcer = ""
