package plugin

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionOfBuilds(t *testing.T) {
	clone := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
			{Key: "vcs.time", Value: "2026-11-30T12:00:00Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	for _, c := range []struct {
		name                    string
		linked                  [3]string
		info                    *debug.BuildInfo
		version, commit, moment string
	}{
		{
			"release",
			[3]string{"v1.2.3", "abc", "2026-01-02T03:04:05Z"},
			&debug.BuildInfo{Main: debug.Module{Version: "v9.9.9"}, Settings: clone("true")},
			"v1.2.3", "abc", "2026-01-02T03:04:05Z",
		},
		{
			"go install",
			[3]string{},
			&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}},
			"v1.2.3", "not recorded", "not recorded",
		},
		{
			"go build in a clone",
			[3]string{},
			&debug.BuildInfo{Main: debug.Module{Version: "v0.1.1-0.20261130120000-0123456789ab"}, Settings: clone("false")},
			"v0.1.1-0.20261130120000-0123456789ab", "0123456789abcdef0123456789abcdef01234567", "2026-11-30T12:00:00Z",
		},
		{
			"go build in a changed clone",
			[3]string{},
			&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: clone("true")},
			"(devel)", "0123456789abcdef0123456789abcdef01234567, with changes", "2026-11-30T12:00:00Z",
		},
		{
			"version only, in a clone",
			[3]string{"v1.2.3", "", ""},
			&debug.BuildInfo{Settings: clone("false")},
			"v1.2.3", "0123456789abcdef0123456789abcdef01234567", "2026-11-30T12:00:00Z",
		},
		{"nothing recorded", [3]string{}, nil, "(devel)", "not recorded", "not recorded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := [3]string{version, commit, committed}
			t.Cleanup(func() { version, commit, committed = was[0], was[1], was[2] })
			version, commit, committed = c.linked[0], c.linked[1], c.linked[2]
			var out strings.Builder
			if err := buildOf(c.info).print(&out); err != nil {
				t.Fatal(err)
			}
			want := "netpol-doctor " + c.version + "\n  commit     " + c.commit + "\n  committed  " + c.moment +
				"\n  built by   " + runtime.Version() + ", for " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
			if out.String() != want {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
			}
		})
	}
}
