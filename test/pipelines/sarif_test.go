package pipelines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// The schema of SARIF 2.1.0 by OASIS is in a Go module that tests with it. It is fetched as a module is, and no
// dependency: nothing of that module is built.
const (
	schemaModule = "github.com/securego/gosec/v2@v2.30.0"
	schemaFile   = "report/sarif/testdata/sarif-schema-2.1.0.json"
	schemaSum    = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
)

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", schemaModule)
	c.Dir = t.TempDir() // no go.mod: that of this module stays as it is
	out, err := c.Output()
	if err != nil {
		t.Skipf("the schema of SARIF cannot be fetched from the Go module proxy (%s): %v", schemaModule, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, schemaFile))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(text)); sum != schemaSum {
		t.Fatalf("the schema is another one: %s", sum)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// answer runs the program in this process.
func answer(t *testing.T, args ...string) (code int, out []byte) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = plugin.Main(context.Background(), args, plugin.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
	if code == 2 {
		t.Fatalf("%q: %s", args, stderr.String())
	}
	return code, stdout.Bytes()
}

// questions are asked in both formats: what works, what fails in each of the shop's ways, what is not known.
func questions(t *testing.T) [][]string {
	t.Helper()
	shop := filepath.Join(root(t), "examples/shop")
	base := []string{"-f", filepath.Join(shop, "base")}
	asked := [][]string{
		{"diagnose", "deploy/api-gateway", "svc/payment:443"},
		{"diagnose", "deploy/payment", "api.example.com:443"},
		{"diagnose", "deploy/order"},
		{"diagnose", "internet", "svc/payment:443"},
		{"policy"},
		{"policy", "--who"},
		{"policy", "-A"},
		{"dns"},
		{"labels"},
		{"namespaces"},
		{"rules", "deploy/order", "svc/order-db:5432"},
		{"ports", "deploy/api-gateway", "svc/payment:443"},
	}
	var out [][]string
	broken, err := filepath.Glob(filepath.Join(shop, "broken/*"))
	if err != nil || len(broken) == 0 {
		t.Fatalf("%q: %v", broken, err)
	}
	for _, words := range asked {
		if words[len(words)-1] != "-A" {
			words = append(words, "-n", "production")
		}
		out = append(out, append(words[:len(words):len(words)], base...))
		for _, b := range broken {
			out = append(out, append(append(words[:len(words):len(words)], base...), "--with", b))
		}
	}
	for _, failOn := range []string{"opened", "closed", "any"} {
		out = append(out, append([]string{"diff", "--fail-on", failOn, "--with", filepath.Join(shop, "proposed")}, base...))
		out = append(out, []string{"diff", "--fail-on", failOn, filepath.Join(shop, "base"), filepath.Join(shop, "base/production-workloads.yaml")})
	}
	return out
}

// TestFormatsSayWhatTheExitCodeSays: SARIF fits its schema and has an error exactly where the exit code is 1; JUnit
// parses and has a failure exactly there, and an error but no failure exactly where it is 3. Two runs are the same
// bytes.
func TestFormatsSayWhatTheExitCodeSays(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	codes := map[int]int{}
	for _, q := range questions(t) {
		code, text := answer(t, append(q, "-o", "sarif")...)
		codes[code]++
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%q: %v", q, err)
		}
		var log struct {
			Runs []struct {
				Invocations []struct{ ExitCode int }
				Results     []struct{ RuleID, Level string }
			}
		}
		if err := json.Unmarshal(text, &log); err != nil {
			t.Fatal(err)
		}
		failures, unclear := 0, 0
		for _, r := range log.Runs[0].Results {
			if r.Level == "error" {
				failures++
			}
			if r.Level == "warning" {
				unclear++
			}
		}
		if log.Runs[0].Invocations[0].ExitCode != code || (code == 1) != (failures > 0) && code != 3 || code == 3 && failures+unclear == 0 {
			t.Errorf("%q: exit code %d, and SARIF with %d errors, %d warnings", q, code, failures, unclear)
		}
		if _, again := answer(t, append(q, "-o", "sarif")...); !bytes.Equal(text, again) {
			t.Errorf("%q: two runs differ", q)
		}
		code, text = answer(t, append(q, "-o", "junit")...)
		failed, erred := countJUnit(t, text)
		if (code == 1) != (failed > 0) || (code == 3) != (failed == 0 && erred > 0) {
			t.Errorf("%q: exit code %d, and JUnit with %d failures, %d errors", q, code, failed, erred)
		}
		if _, again := answer(t, append(q, "-o", "junit")...); !bytes.Equal(text, again) {
			t.Errorf("%q: two runs differ", q)
		}
	}
	if codes[0] == 0 || codes[1] == 0 || codes[3] == 0 {
		t.Errorf("exit codes %v: some were not tried", codes)
	}
}

// countJUnit counts the elements, not what the attributes claim.
func countJUnit(t *testing.T, text []byte) (failures, errs int) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err == io.EOF { //nolint:errorlint // it is returned as it is
			return failures, errs
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if start, ok := token.(xml.StartElement); ok {
			switch start.Name.Local {
			case "failure":
				failures++
			case "error":
				errs++
			}
		}
	}
}

// TestSchemaCanFail: the schema refuses what is no SARIF.
func TestSchemaCanFail(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	for _, text := range []string{`{"version": "2.1.0"}`, `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"level": "info", "message": {"text": "x"}}]}]}`} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("fits: %s", text)
		}
	}
}
