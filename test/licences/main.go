// Command licences prints the licences of everything that is linked into the plugin or embedded in it,
// on any platform of a release: THIRD_PARTY_LICENSES. It fails when something has none.
package main

import (
	"fmt"
	"os"
)

func main() {
	parts, err := linked(".", "./cmd/kubectl-netpol_doctor", platforms)
	if err == nil {
		err = write(os.Stdout, parts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "collecting licences:", err)
		os.Exit(1)
	}
}
