// Package krew tests how people get the plugin: what a release consists of, by krew's own programs and a
// real kubectl, and every command of docs/install.md that needs no internet.
//
// NETPOL_DOCTOR_DIST is a folder that goreleaser wrote, NETPOL_DOCTOR_KREW one with krew,
// validate-krew-manifest and kubectl; `make krew-test` builds both. krew keeps its packages to itself, so
// its programs are used: validate-krew-manifest is what krew's index runs on every plugin.
package krew
