// Package snapshot writes a cluster.Snapshot to a file that the files' reader reads back: the same
// questions then have the same answers as where it was taken.
//
// The file holds real objects with nothing in them but the fields that the product reads. They are
// made anew from the slim values of the Snapshot, not cut down from what the API server sent, so
// that what is not in a Snapshot (the values of variables, tokens, annotations) cannot be in a
// file. In front of them stands a cluster.Saved.
//
// Redact gives everything that has a name another one, the same everywhere.
package snapshot
