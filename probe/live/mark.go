package live

// Annotation marks what was made for a probe, so that it can be found again. It is no label: a label
// may be selected by policies, and some network plugins know a pod by its labels.
const Annotation = "netpol-doctor.dev/probe"
