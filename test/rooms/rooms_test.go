// Package rooms tests that the packages of the project import each other in one direction only,
// and that third-party libraries stay in the rooms they belong to.
package rooms

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/netpol-doctor/netpol-doctor/"

// order lists the rooms bottom up: a room may import only rooms before it. Rooms on one line may
// not import each other.
var order = [][]string{
	{"spelling"},
	{"cluster"},
	{"cluster/file", "cluster/live"},
	{"rights"},
	{"policy"},
	{"profile"},
	{"ends"},
	{"flows"},
	{"change"},
	{"check"},
	{"explain"},
	{"probe"},
	{"report", "probe/live", "snapshot"},
	{"incident"},
	{"plugin"},
	{"cmd/kubectl-netpol_doctor"},
}

// homes says which rooms alone may reach a library, directly or through another.
var homes = map[string][]string{
	"k8s.io/client-go":                            {"cluster/live", "probe/live", "plugin", "cmd/kubectl-netpol_doctor"},
	"k8s.io/cli-runtime":                          {"plugin", "cmd/kubectl-netpol_doctor"},
	"github.com/spf13/cobra":                      {"plugin", "cmd/kubectl-netpol_doctor"},
	"github.com/briandowns/spinner":               {"plugin", "cmd/kubectl-netpol_doctor"},
	"github.com/olekukonko/tablewriter":           {"report", "plugin", "cmd/kubectl-netpol_doctor"},
	"k8s.io/kubernetes":                           {},
	"github.com/netpol-doctor/netpol-doctor/test": {},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", module+"...").Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	found := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("reading the list of packages: %v", err)
		}
		room := strings.TrimPrefix(p.ImportPath, module)
		if !strings.HasPrefix(room, "test/") {
			found[room] = p
		}
	}
}

func rank(room string) int {
	return slices.IndexFunc(order, func(rooms []string) bool { return slices.Contains(rooms, room) })
}

func TestRoomsImportOnlyRoomsBelow(t *testing.T) {
	t.Parallel()
	for room, p := range packages(t) {
		if rank(room) < 0 {
			if !strings.HasPrefix(room, "cluster/live/") {
				t.Errorf("package %s has no place in the order of rooms", room)
			}
			continue
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if ours && rank(other) >= rank(room) {
				t.Errorf("%s imports %s, which is not below it", room, other)
			}
		}
	}
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	t.Parallel()
	for room, p := range packages(t) {
		if rank(room) < 0 {
			continue
		}
		for library, rooms := range homes {
			reaches := slices.ContainsFunc(p.Deps, func(d string) bool { return d == library || strings.HasPrefix(d, library+"/") })
			if reaches && !slices.Contains(rooms, room) {
				t.Errorf("%s reaches %s, which belongs to %v", room, library, rooms)
			}
		}
	}
}
