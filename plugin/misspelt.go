package plugin

import (
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// namesAre says what names of objects consist of. Source: RFC 1123, section 2.1.
const namesAre = "names are of lower case letters, digits and dashes, with dots in some, and start and end with a letter or a digit"

// misspelt says what is wrong with a target that is nearly one, and what to type instead; nil where
// it may be one.
func misspelt(text string) error {
	host, _, _ := strings.Cut(text, "/")
	lower := strings.ToLower(text)
	switch {
	case strings.HasSuffix(text, "/") || text == "":
		return noName(text)
	case strings.Contains(text, "="):
		return fmt.Errorf("target %q: a label is no target; type the workload or pod that has it, such as deploy/NAME (kubectl get pods --show-labels shows which)", text)
	case likeIPv4(host) && validAddress(host):
		return fmt.Errorf("target %q: the length of a block is a number from 0 to 32 after its address, as in 10.0.0.0/24", text)
	case likeIPv4(host):
		return fmt.Errorf("target %q: %s is no IPv4 address: that is four numbers from 0 to 255, without leading zeros", text, host)
	case text == host && text != lower && !strings.Contains(text, ".") && len(validation.IsDNS1123Subdomain(lower)) == 0:
		return fmt.Errorf("target %q: names are in lower case; type %s", text, lower)
	}
	return nil
}

// likeIPv4 tells whether a text is of numbers and dots only, three numbers at least. No name of a
// host ends in a number. Source: RFC 3696, section 2.
func likeIPv4(text string) bool {
	return strings.Count(text, ".") >= 2 && strings.Trim(text, "0123456789.") == ""
}

func validAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// noName refuses a target of a kind alone.
func noName(text string) error {
	if text == "" {
		return fmt.Errorf("target %q is empty; type [NAMESPACE/]KIND/NAME, such as deploy/web", text)
	}
	return fmt.Errorf("target %q: the name is missing; type %sNAME", text, text)
}

// checkEnds refuses two ends of which no cluster has to be asked.
func checkEnds(from, to Target) error {
	if from.Internet && to.Internet {
		return fmt.Errorf("%s to %s: no end of it is in the cluster; name a workload, a Service or an address of it as one end", from.Text, to.Text)
	}
	return nil
}
