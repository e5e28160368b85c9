package explain

import (
	"fmt"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/ends"
)

// NoPortError says that the destination declares no port and none was given.
type NoPortError struct{ Destination ends.End }

// Error says what to add.
func (e *NoPortError) Error() string {
	text := e.Destination.Target.Text
	if p := e.Destination.Target.Prefix; p.IsValid() && !p.Addr().Is4() && !strings.HasPrefix(text, "[") {
		text = "[" + text + "]" // the last colon would be taken for the port's
	}
	return fmt.Sprintf("a port is needed for %s: write %s:PORT", Describe(e.Destination), text)
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
