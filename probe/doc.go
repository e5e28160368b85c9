// Package probe says what one test on the network means: the outcomes that a connection or a
// lookup can have, which tests a question takes and in which order (a Plan), and a decision table
// that holds what policies say against what was seen.
//
// It is pure: it knows no client and no format. Package probe/live carries a plan out in a cluster.
package probe
