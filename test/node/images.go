package node

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
)

// The images of the node, under the names that they have in the world.
const (
	pauseImage = "registry.k8s.io/pause:3.10"
	dnsImage   = "registry.k8s.io/coredns/coredns:v1.15.0"

	// AgnhostImage has agnhost and the tools that people debug networks with: a
	// shell, dig, nc, curl, ip and ss. Unlike the real one it has no iperf.
	AgnhostImage = "registry.k8s.io/e2e-test-images/agnhost:2.56"
)

// programs of this machine that the agnhost image has, by where it has them.
// BusyBox, for everything else, is left out where there is one of these.
var tools = map[string]string{
	"/bin/sh":           "dash", // BusyBox's would prefer its own nc
	"/bin/bash":         "bash",
	"/usr/bin/curl":     "curl",
	"/usr/bin/dig":      "dig",
	"/usr/bin/host":     "host",
	"/usr/bin/nc":       "nc.openbsd",
	"/usr/bin/nslookup": "nslookup",
	"/sbin/ip":          "ip",
	"/usr/bin/ss":       "ss",
	"/bin/busybox":      "busybox",
}

// importImages puts the images together and gives them to the runtime.
func (n *Node) importImages(ctx context.Context) error {
	agnhost, err := n.agnhost()
	if err != nil {
		return err
	}
	for _, i := range []*image{
		n.single(pauseImage, "pause"),
		n.single(dnsImage, "coredns"),
		agnhost,
	} {
		path := n.path("image.tar")
		if err := i.write(path); err != nil {
			return fmt.Errorf("making the image %s: %w", i.name, err)
		}
		// --snapshotter: the kubelet is asked for pods at once, so nothing is left
		// for then.
		if err := n.run(ctx, "ctr --namespace k8s.io images import --snapshotter overlayfs "+path); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// single is an image of one program that needs nothing.
func (n *Node) single(name, program string) *image {
	return &image{
		name:       name,
		entrypoint: []string{"/" + program},
		files:      map[string]string{"/" + program: filepath.Join(n.programs, program)},
	}
}

func (n *Node) agnhost() (*image, error) {
	i := n.single(AgnhostImage, "agnhost")
	i.arguments = []string{"pause"}
	i.directories = []string{"/uploads"} // netexec stores there what it is sent
	for place, tool := range tools {
		path, err := exec.LookPath(tool)
		if err != nil {
			return nil, fmt.Errorf("the agnhost image needs a program: %w", err)
		}
		i.files[place] = path
		libraries, err := libraries(path)
		if err != nil {
			return nil, err
		}
		for _, library := range libraries {
			i.files[library] = library
		}
	}
	applets, err := exec.Command("busybox", "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tools of BusyBox: %w", err)
	}
	taken := sets.New[string]()
	for place := range i.files {
		taken.Insert(filepath.Base(place))
	}
	i.links = map[string]string{}
	for applet := range strings.FieldsSeq(string(applets)) {
		if !taken.Has(applet) {
			i.links["/bin/"+applet] = "/bin/busybox"
		}
	}
	return i, nil
}

// libraries returns the files that the dynamic linker loads with a program.
func libraries(program string) ([]string, error) {
	output, err := exec.Command("ldd", program).CombinedOutput()
	if bytes.Contains(output, []byte("not a dynamic executable")) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the libraries of %s: %w\n%s", program, err, output)
	}
	var found []string
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		// "NAME => PATH (ADDRESS)", or "PATH (ADDRESS)" for the linker itself.
		words := strings.Fields(lines.Text())
		for _, word := range words {
			if filepath.IsAbs(word) {
				found = append(found, word)
			}
		}
	}
	return found, nil
}
