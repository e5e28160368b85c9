// Package flows answers for sets of flows what policy answers for one: which ports every pod
// reaches on every other, and on addresses outside.
//
// It has no evaluator of its own. Pods that policies cannot tell apart are one Class. For each
// class and direction the other ends are partitioned into groups of which every clause says the
// same, and the ports into cells which no clause cuts; one flow of each is judged by policy.Set, and
// its verdict is that of all. Where nothing is known for certain of both directions at once, the
// pair itself is judged.
//
// Flows are those between ends at their own addresses: what a Service does is translated before
// policies see it.
package flows
