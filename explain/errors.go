package explain

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/ends"
)

// NoPortError says that the destination declares no port and none was given.
type NoPortError struct{ Destination ends.End }

// Error says what to add.
func (e *NoPortError) Error() string {
	text := e.Destination.Target.Text
	if p := e.Destination.Target.Prefix; p.IsValid() && !p.Addr().Is4() && !strings.HasPrefix(text, "[") {
		if meant, ok := portInAddress(text); ok {
			return fmt.Sprintf("a port is needed for %s: write %s, or [%s]:PORT if that is all address", Describe(e.Destination), meant, text)
		}
		text = "[" + text + "]" // the last colon would be taken for the port's
	}
	return fmt.Sprintf("a port is needed for %s: write %s:PORT", Describe(e.Destination), text)
}

// portInAddress takes the last group of an IPv6 address for a port that was typed without brackets
// around the address, where both halves are what that would make them.
func portInAddress(text string) (meant string, ok bool) {
	i := strings.LastIndexByte(text, ':')
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil || port == 0 || i == 0 {
		return "", false
	}
	if _, err := netip.ParseAddr(text[:i]); err != nil {
		return "", false
	}
	return fmt.Sprintf("[%s]:%d", text[:i], port), true
}

// SourceError says that a Service was named as the source of a connection.
type SourceError struct{ Source ends.End }

// Error says what to name instead.
func (e *SourceError) Error() string {
	var names []string
	for key, value := range e.Source.Service.Selector {
		names = append(names, key+"="+value)
	}
	return fmt.Sprintf("%s cannot open connections; name the pod or workload that does (the Service selects %s)", e.Source.Ref, strings.Join(names, ","))
}
