package live

// Annotation marks what a test on the network created, so that what one that was killed left behind
// is found. An annotation matches no selector, as a label might.
const Annotation = "netpol-doctor.dev/probe"
