package pipelines

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// forges are the environments that comment.sh takes, for each forge.
func forges(f *forge) map[string]map[string]string {
	return map[string]map[string]string{
		"GitHub": {"GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": f.URL, "GITHUB_REPOSITORY": "o/r", "PULL_REQUEST": "5", "LOG_URL": "https://forge.example/log"},
		"GitLab": {"GITLAB_TOKEN": "t0ken", "CI_API_V4_URL": f.URL, "CI_PROJECT_ID": "9", "CI_MERGE_REQUEST_IID": "5", "LOG_URL": "https://forge.example/log"},
	}
}

// written makes a folder as diff.sh writes it.
func written(t *testing.T, text string, changes, code int) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"comment.md": text, "changes": fmt.Sprintln(changes), "code": fmt.Sprintln(code)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func runComment(t *testing.T, env map[string]string, args ...string) ran {
	t.Helper()
	needs(t, "bash", "jq", "curl")
	return run(t, t.TempDir(), env, filepath.Join(root(t), "ci/comment.sh"), args...)
}

// TestOneCommentThatIsUpdated: made where something changes, updated from then on, also to "no changes"; not
// made where nothing changes.
func TestOneCommentThatIsUpdated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GitHub", "GitLab"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForge(t)
			env := forges(f)[name]
			if got := runComment(t, env, written(t, "No flow changes.\n", 0, 0)); got.code != 0 || !strings.Contains(got.out, "none is made") {
				t.Fatalf("%+v", got)
			}
			if comments, _ := f.said(); len(comments) != 0 {
				t.Fatalf("a comment on nothing: %+v", comments)
			}
			for _, text := range []string{"one\n", "two\n", "No flow changes.\n"} {
				changes := 1
				if strings.HasPrefix(text, "No") {
					changes = 0
				}
				if got := runComment(t, env, written(t, text, changes, 0)); got.code != 0 {
					t.Fatalf("%+v", got)
				}
				comments, _ := f.said()
				if len(comments) != 1 || comments[0].Body != "<!-- netpol-doctor: netpol-doctor -->\n"+text {
					t.Fatalf("%q: %+v", text, comments)
				}
			}
			if got := runComment(t, env, written(t, "other\n", 1, 0), "other/name"); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			if comments, _ := f.said(); len(comments) != 2 {
				t.Errorf("another name, and no comment of its own: %+v", comments)
			}
			if !f.saw("t0ken") {
				t.Error("the token did not come along")
			}
		})
	}
}

// TestCommentsOfOthersStay: one that starts with the marker and is somebody else's is not touched, one of
// our own is found behind a hundred others.
func TestCommentsOfOthersStay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GitHub", "GitLab"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForge(t)
			stranger := account{ID: 8, Login: "stranger"}
			for i := range 150 {
				f.add(comment{ID: i, Body: "<!-- netpol-doctor: netpol-doctor -->\nnot ours", User: stranger, Author: stranger})
			}
			f.add(comment{ID: 500, Body: "about <!-- netpol-doctor: netpol-doctor -->", User: ours, Author: ours})
			f.add(comment{ID: 501, Body: "<!-- netpol-doctor: netpol-doctor -->\nours", User: ours, Author: ours})
			if got := runComment(t, forges(f)[name], written(t, "new\n", 1, 1)); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			comments, _ := f.said()
			if len(comments) != 152 || !strings.HasSuffix(comments[151].Body, "\nnew\n") || !strings.HasPrefix(comments[150].Body, "about") {
				t.Errorf("%d comments, the last %+v", len(comments), comments[150:])
			}
			if i := slices.IndexFunc(comments[:150], func(c comment) bool { return !strings.HasSuffix(c.Body, "not ours") }); i >= 0 {
				t.Errorf("the comment of somebody else was changed: %+v", comments[i])
			}
		})
	}
}

// TestCommentIsCut: GitHub takes 65,536 characters. What is more is cut at the end of a line, and said in front.
func TestCommentIsCut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text string
		cut  bool
	}{
		{strings.Repeat("ü", 60_000) + "\n", false},
		{strings.Repeat("a line with an ü and | a `mark`\n", 4000), true},
		{strings.Repeat("x", 70_000), true},
	} {
		f := newForge(t)
		if got := runComment(t, forges(f)["GitHub"], written(t, row.text, 1, 1)); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		comments, _ := f.said()
		body := comments[0].Body
		if n := utf8.RuneCountInString(body); n > 65_536 {
			t.Errorf("%d characters", n)
		}
		if said := strings.Contains(body, "Cut to fit into a comment. The whole is in https://forge.example/log"); said != row.cut {
			t.Errorf("cut: %v, said: %v", row.cut, said)
		}
		if !strings.HasPrefix(body, "<!-- netpol-doctor: netpol-doctor -->\n") || !strings.HasSuffix(body, "\n") {
			t.Errorf("%.100s ... %q", body, body[len(body)-20:])
		}
	}
}

// TestForgeThatRefuses: the message says what was done, what the forge said and what is needed; the token is
// in none.
func TestForgeThatRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GitHub", "GitLab"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				f := newForge(t)
				f.refuses(method, http.StatusForbidden)
				got := runComment(t, forges(f)[name], written(t, "x\n", 1, 1))
				if got.code != 4 || !strings.Contains(got.errors, name+" answered 403 to "+method) || !strings.Contains(got.errors, "Resource not accessible by integration") || !strings.Contains(got.errors, "needs") {
					t.Errorf("%+v", got)
				}
				if strings.Contains(got.out+got.errors, "t0ken") {
					t.Error("the token is in the log")
				}
			})
		}
	}
}

// TestCommentNeedsWhatItNeeds: what is missing is named, and nothing is sent.
func TestCommentNeedsWhatItNeeds(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	full := forges(f)["GitHub"]
	without := func(key string) map[string]string {
		out := map[string]string{}
		for k, v := range full {
			if k != key {
				out[k] = v
			}
		}
		return out
	}
	dir := written(t, "x\n", 1, 1)
	for _, row := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{without("GITHUB_TOKEN"), []string{dir}, "neither GITHUB_TOKEN nor GITLAB_TOKEN"},
		{without("PULL_REQUEST"), []string{dir}, "belongs to no pull request"},
		{full, []string{t.TempDir()}, "takes the folder that diff.sh wrote to"},
		{full, nil, "takes the folder that diff.sh wrote to"},
		{full, []string{dir, "x --> y"}, "the name of a comment has letters"},
		{full, []string{dir, "x--"}, "the name of a comment has letters"},
		{map[string]string{"GITHUB_TOKEN": "t", "GITHUB_API_URL": f.URL, "GITHUB_REPOSITORY": "o/r/../../x", "PULL_REQUEST": "5"}, []string{dir}, "is no path of comments"},
	} {
		if got := runComment(t, row.env, row.args...); got.code != 4 || !strings.Contains(got.errors, row.want) {
			t.Errorf("want %q: %+v", row.want, got)
		}
	}
	if _, requests := f.said(); len(requests) > 0 {
		t.Errorf("sent %q", requests)
	}
}
