// Command connect is what `agnhost connect` does, by itself: the tests of package probe run it in
// network namespaces.
package main

import (
	"os"

	"k8s.io/kubernetes/test/images/agnhost/connect"
)

func main() {
	if err := connect.CmdConnect.Execute(); err != nil {
		os.Exit(2)
	}
}
