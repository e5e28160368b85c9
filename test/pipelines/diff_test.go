package pipelines

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiffOfTwoCommits: what a branch opens is said, counted and written in every format, by the paths of the
// repository; what the other branch got since is no change of this one.
func TestDiffOfTwoCommits(t *testing.T) {
	t.Parallel()
	r := before(t)
	r.git("checkout", "--quiet", "-b", "branch")
	r.commit(map[string]string{"manifests/policy.yaml": open})
	r.git("checkout", "--quiet", "main")
	r.commit(map[string]string{"manifests/other.yaml": strings.ReplaceAll(workloads, "a}", "other}")})
	out := filepath.Join(t.TempDir(), "out")
	got := r.diff(nil, "--base", "main", "--head", "branch", "--manifests", "manifests", "--fail-on", "opened", "--out", out)
	if got.code != 1 || !strings.Contains(got.out, "**Flows by workload: 1 opened.**") || strings.Contains(got.out, "other") {
		t.Fatalf("%+v", got)
	}
	if comment := read(t, filepath.Join(out, "comment.md")); comment != got.out {
		t.Errorf("the comment is not what the log has: %s", comment)
	}
	for file, want := range map[string]string{"code": "1\n", "changes": "1\n"} {
		if text := read(t, filepath.Join(out, file)); text != want {
			t.Errorf("%s: %q, want %q", file, text, want)
		}
	}
	if sarif := read(t, filepath.Join(out, "result.sarif")); !strings.Contains(sarif, `"uri": "manifests/policy.yaml"`) || !strings.Contains(sarif, `"level": "error"`) {
		t.Errorf("SARIF: %s", sarif)
	}
	if junit := read(t, filepath.Join(out, "junit.xml")); !strings.Contains(junit, `file="manifests/policy.yaml"`) || !strings.Contains(junit, `failures="2"`) {
		t.Errorf("JUnit: %s", junit)
	}
	// The other way around, and without --fail-on; the index and the files of the clone are as before.
	if got := r.diff(nil, "--base", "branch", "--manifests", "manifests"); got.code != 0 || !strings.Contains(got.out, "No flow changes") && !strings.Contains(got.out, "other") {
		t.Errorf("%+v", got)
	}
	if status := r.git("status", "--porcelain"); status != "" {
		t.Errorf("the clone was changed: %s", status)
	}
}

// TestDiffCodes: nothing changed, a change that nobody asked to fail for, bad input, something not known.
func TestDiffCodes(t *testing.T) {
	t.Parallel()
	unknown := strings.Replace(open, "{podSelector: {matchLabels: {app: client}}}", "{namespaceSelector: {matchLabels: {team: x}}, podSelector: {}}", 1)
	for name, row := range map[string]struct {
		files   map[string]string
		args    []string
		code    int
		changes string
		comment string
	}{
		"nothing":       {map[string]string{"README.md": "x"}, []string{"--fail-on", "any"}, 0, "0\n", "No flow changes."},
		"no fail-on":    {map[string]string{"manifests/policy.yaml": open}, nil, 0, "1\n", "1 opened"},
		"closed only":   {map[string]string{"manifests/policy.yaml": open}, []string{"--fail-on", "closed"}, 0, "1\n", "1 opened"},
		"bad input":     {map[string]string{"manifests/policy.yaml": strings.Replace(closed, "policyTypes", "policyTipes", 1)}, nil, 2, "0\n", "    Error: reading manifests/policy.yaml:4: a/web (NetworkPolicy): spec.policyTipes"},
		"wrong fail-on": {map[string]string{"README.md": "x"}, []string{"--fail-on", "all"}, 2, "0\n", "Not compared"},
		"not known":     {map[string]string{"manifests/policy.yaml": unknown, "manifests/workloads.yaml": strings.Replace(workloads, "{name: client, namespace: a}", "{name: client, namespace: b}", 1)}, []string{"--fail-on", "opened"}, 3, "", "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := before(t)
			if name == "not known" {
				r.commit(map[string]string{"manifests/workloads.yaml": row.files["manifests/workloads.yaml"]})
			}
			base := r.git("rev-parse", "HEAD")
			r.commit(row.files)
			out := filepath.Join(t.TempDir(), "out")
			got := r.diff(nil, append([]string{"--base", base, "--manifests", "manifests", "--out", out}, row.args...)...)
			if got.code != row.code || !strings.Contains(read(t, filepath.Join(out, "comment.md")), row.comment) {
				t.Errorf("%+v\n%s", got, read(t, filepath.Join(out, "comment.md")))
			}
			if changes := read(t, filepath.Join(out, "changes")); row.changes != "" && changes != row.changes {
				t.Errorf("changes %q, want %q", changes, row.changes)
			}
		})
	}
}

// TestDiffWithoutTheBeginning: in a clone that lacks where the branch began, what it is compared with is said.
func TestDiffWithoutTheBeginning(t *testing.T) {
	t.Parallel()
	r := before(t)
	r.git("checkout", "--quiet", "--orphan", "branch")
	r.commit(map[string]string{"manifests/policy.yaml": open})
	got := r.diff(nil, "--base", "main", "--head", "branch", "--manifests", "manifests", "--fail-on", "opened")
	if got.code != 1 || !strings.Contains(got.errors, "Where branch began is not in this clone: it is compared with main") {
		t.Errorf("%+v", got)
	}
}

// TestDiffOfNewManifests: a folder that the base does not have is new as a whole.
func TestDiffOfNewManifests(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"README.md": "x"})
	r.commit(map[string]string{"manifests/workloads.yaml": workloads})
	got := r.diff(nil, "--base", "HEAD~1", "--manifests", "manifests/", "--fail-on", "opened")
	if got.code != 1 || !strings.Contains(got.errors, "everything in it is new") || !strings.Contains(got.out, "(new)") {
		t.Errorf("%+v", got)
	}
}

// TestLinksAreNotFollowedOut: a link in a stranger's tree shows no file of the machine, wherever it stands; one
// within the tree is followed.
func TestLinksAreNotFollowedOut(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(secret, []byte("kind: TOP-SECRET\napiVersion: v1\nmetadata: [TOP-SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]func(r *repository){
		"absolute":     func(r *repository) { r.link("manifests/x.yaml", secret) },
		"relative":     func(r *repository) { r.link("manifests/x.yaml", "../../../../../../../../../.."+secret) },
		"by a folder":  func(r *repository) { r.link("d", filepath.Dir(secret)); r.link("manifests/x.yaml", "../d/secret.yaml") },
		"a folder":     func(r *repository) { r.link("manifests/d", filepath.Dir(secret)) },
		"strange name": func(r *repository) { r.link("manifests/a\n::error::x.yaml", secret) },
		"dangling":     func(r *repository) { r.link("manifests/x.yaml", "/nowhere/at/all.yaml") },
		"the manifests": func(r *repository) {
			r.git("rm", "-r", "--quiet", "manifests")
			r.link("manifests", filepath.Dir(secret))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := before(t)
			link(r)
			r.commitAll()
			out := filepath.Join(t.TempDir(), "out")
			got := r.diff(nil, "--base", "HEAD~1", "--manifests", "manifests", "--out", out)
			if got.code != 2 || !strings.Contains(got.errors, "is a link that leads out of the tree") {
				t.Errorf("%+v", got)
			}
			comment := read(t, filepath.Join(out, "comment.md"))
			if strings.Contains(got.out+got.errors+comment, "TOP-SECRET") || !strings.Contains(comment, "Not compared") {
				t.Errorf("%+v\n%s", got, comment)
			}
			for line := range strings.Lines(got.errors) {
				if strings.HasPrefix(strings.TrimSpace(line), "::") {
					t.Errorf("a name became a command of the runner: %q", line)
				}
			}
		})
	}
	t.Run("within", func(t *testing.T) {
		t.Parallel()
		r := before(t)
		r.write(map[string]string{"shared/policy.yaml": open, "manifests/policy.yaml": ""})
		r.link("manifests/policy.yaml", "../shared/policy.yaml")
		r.commitAll()
		if got := r.diff(nil, "--base", "HEAD~1", "--manifests", "manifests", "--fail-on", "opened"); got.code != 1 || !strings.Contains(got.out, "1 opened") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("folders", func(t *testing.T) {
		t.Parallel()
		r := before(t)
		r.write(map[string]string{"after/workloads.yaml": workloads})
		r.link("after/x.yaml", "../.git/config")
		if got := r.diff(nil, "--before", "manifests", "--after", "after"); got.code != 2 || !strings.Contains(got.errors, "is a link that leads out") {
			t.Errorf("%+v", got)
		}
		r.link("x.yaml", ".git/config") // within the folder, and still git's own
		if got := r.diff(nil, "--before", "manifests", "--after", "."); got.code != 2 || !strings.Contains(got.errors, "is a link that leads out") {
			t.Errorf("%+v", got)
		}
		r.link("single.yaml", secret)
		r.link("folder", filepath.Dir(secret))
		r.write(map[string]string{"deep/new/workloads.yaml": workloads})
		r.link("way", "deep")
		for _, path := range []string{"single.yaml", "folder", "folder/", "folder/secret.yaml", "way/new", filepath.Join(r.dir, "folder")} {
			if got := r.diff(nil, "--before", "manifests", "--after", path); got.code != 2 || !strings.Contains(got.errors, path+" is a link, or leads through one") || strings.Contains(got.out+got.errors, "TOP-SECRET") {
				t.Errorf("%s: %+v", path, got)
			}
		}
		for _, path := range []string{"deep/new", "./deep/new/", "deep/../deep/new/workloads.yaml", filepath.Join(r.dir, "deep/new")} {
			if got := r.diff(nil, "--before", "manifests", "--after", path); got.code != 0 {
				t.Errorf("%s: %+v", path, got)
			}
		}
	})
}

// TestTreeHidesNothing: the .gitattributes of a branch leave no manifest out.
func TestTreeHidesNothing(t *testing.T) {
	t.Parallel()
	r := before(t)
	r.commit(map[string]string{"manifests/policy.yaml": open, ".gitattributes": "manifests/policy.yaml export-ignore\n"})
	if got := r.diff(nil, "--base", "HEAD~1", "--manifests", "manifests", "--fail-on", "opened"); got.code != 1 {
		t.Errorf("%+v", got)
	}
}

// TestDiffOfTwoFolders: what was rendered before and after.
func TestDiffOfTwoFolders(t *testing.T) {
	t.Parallel()
	r := before(t)
	r.write(map[string]string{"-new/workloads.yaml": workloads, "-new/policy.yaml": open})
	if got := r.diff(nil, "--before", "manifests", "--after", "-new", "--fail-on", "opened"); got.code != 1 || !strings.Contains(got.out, "1 opened") {
		t.Errorf("%+v", got)
	}
	if got := r.diff(nil, "--before", "manifests", "--after", "manifests", "--fail-on", "any", "--", "--network-plugin=cilium"); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

// TestDiffSlips: what is missing or does not go together is named.
func TestDiffSlips(t *testing.T) {
	t.Parallel()
	r := before(t)
	for _, row := range []struct {
		args []string
		want string
	}{
		{nil, "nothing to compare"},
		{[]string{"--manifests", "manifests"}, "--manifests needs --base"},
		{[]string{"--manifests", "manifests", "--before", "x", "--base", "HEAD"}, "not with --before"},
		{[]string{"--after", "manifests"}, "--after needs --before"},
		{[]string{"--before", "nowhere", "--after", "manifests"}, "there is no nowhere"},
		{[]string{"--base", "HEAD", "--manifests", "nowhere"}, "there is no nowhere in HEAD"},
		{[]string{"--base", "HEAD", "--manifests", "../x"}, "below the top of the repository"},
		{[]string{"--base", "HEAD", "--manifests", "/etc"}, "below the top of the repository"},
		{[]string{"--base", "0123456789012345678901234567890123456789", "--manifests", "manifests"}, "is not in this clone and cannot be fetched"},
		{[]string{"--base", "--upload-pack=touch pwned", "--manifests", "manifests"}, "is no commit"},
		{[]string{"--base"}, "--base needs a value"},
		{[]string{"--bass", "x"}, "--bass is not known"},
	} {
		if got := r.diff(nil, row.args...); got.code != 2 || !strings.Contains(got.errors, row.want) {
			t.Errorf("%q, want %q: %+v", row.args, row.want, got)
		}
	}
	got := r.diff(map[string]string{"NETPOL_DOCTOR": "/nowhere/doctor"}, "--base", "HEAD", "--manifests", "manifests")
	if got.code != 2 || !strings.Contains(got.errors, "there is no such program") {
		t.Errorf("%+v", got)
	}
}
