// Package profile reads and writes the files that say how one network plugin fills in the
// NetworkPolicy specification: what --network-plugin FILE takes, and what a check of enforcement
// prints. It knows what such a file may hold, and nothing of where files come from.
package profile
