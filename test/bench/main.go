// Command bench measures whole runs of the plugin on generated clusters, output included: one
// diagnose, Denied, with its cause, the map of everything, and that map before and after one policy. It prints a Markdown table of each
// with the median of several runs and, beside it, the floor: what reading the same bytes and looking
// at each once takes on the machine.
//
// Usage: bench [-runs N] [-large] PLUGIN
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// shape is one generated cluster.
type shape struct {
	name                       string
	namespaces, pods, policies int
}

func main() {
	runs := flag.Int("runs", 7, "counted runs of each command, after one that is not counted")
	large := flag.Bool("large", true, "measure the cluster of 100,000 pods too")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: bench [-runs N] [-large=false] PLUGIN")
		os.Exit(2)
	}
	if err := bench(flag.Arg(0), *runs, *large); err != nil {
		fmt.Fprintln(os.Stderr, "measuring:", err)
		os.Exit(1)
	}
}

func bench(plugin string, runs int, large bool) error {
	folder, err := os.MkdirTemp("", "netpol-doctor-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	generator := filepath.Join(folder, "generate")
	if err := command("go", "build", "-o", generator, "./test/generate").Run(); err != nil {
		return fmt.Errorf("building the generator: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "opening.yaml"), []byte(opening), 0o600); err != nil {
		return err
	}
	medium := []shape{{"dir", 200, 5000, 1500}, {"shuffled", 200, 5000, 1500}, {"list", 200, 5000, 1500}, {"json", 200, 5000, 1500}}
	one, all := medium, slices.Concat([]shape{{"dir", 50, 1000, 300}}, medium, []shape{{"dir", 500, 20000, 5000}})
	if large {
		one = append(one, shape{"dir", 1000, 100000, 10000}, shape{"list", 1000, 100000, 10000})
		all = append(all, shape{"dir", 1000, 100000, 10000})
	}
	for _, table := range []struct {
		question
		shapes []shape
	}{{diagnose, one}, {connectivityMap, all}, {flowDiff(folder), all}} {
		fmt.Printf("%s:\n\n| cluster | shape | size | time | memory | floor |\n| --- | --- | --- | --- | --- | --- |\n", table.args[0])
		for _, s := range table.shapes {
			if err := row(plugin, generator, folder, s, table.question, runs); err != nil {
				return err
			}
		}
		fmt.Println()
	}
	return nil
}

// question is a run of the plugin, its exit code and what must be in its output.
type question struct {
	args []string
	code int
	says string
}

var (
	diagnose        = question{[]string{"diagnose", "deploy/client", "svc/server:80", "-n", "ns-0001"}, 1, "NPD101"}
	connectivityMap = question{[]string{"map", "-o", "json"}, 0, `"kind": "ConnectivityMap"`}
)

// opening is a policy that opens pods of every cluster to everybody.
const opening = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opening, namespace: ns-0001}, spec: {podSelector: {}, ingress: [{}]}}`

// flowDiff compares a cluster with what it would be with one more policy, which it writes down.
func flowDiff(folder string) question {
	return question{[]string{"diff", "--with", filepath.Join(folder, "opening.yaml"), "-o", "json"}, 0, `"change":"opened"`}
}

// row generates a cluster, measures one question about it and prints what came out.
func row(plugin, generator, folder string, s shape, q question, runs int) error {
	target := filepath.Join(folder, "cluster")
	generate := command(generator, "-namespaces", strconv.Itoa(s.namespaces), "-pods", strconv.Itoa(s.pods), "-policies", strconv.Itoa(s.policies), "-shape", s.name, target)
	if err := generate.Run(); err != nil {
		return fmt.Errorf("generating %+v: %w", s, err)
	}
	size, floor, err := readAll(target, runs)
	if err != nil {
		return err
	}
	wall, peak, err := measure(plugin, target, q, runs)
	if err != nil {
		return err
	}
	fmt.Printf("| %d namespaces, %d pods, %d policies | %s | %.1f MB | %.3f s | %d MiB | %.3f s |\n",
		s.namespaces, s.pods, s.policies, s.name, float64(size)/1e6, wall.Seconds(), peak>>20, floor.Seconds())
	return os.RemoveAll(target)
}

func command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	return c
}

// measure returns the median time and the largest memory of a run.
func measure(plugin, folder string, q question, runs int) (wall time.Duration, peak int64, err error) {
	var times []time.Duration
	for i := range runs + 1 {
		c := command(plugin, slices.Concat(q.args, []string{"-f", folder})...)
		var out head
		c.Stdout = &out
		start := time.Now()
		err := c.Run()
		took := time.Since(start)
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || c.ProcessState.ExitCode() != q.code || !bytes.Contains(out.Bytes(), []byte(q.says)) {
			return 0, 0, fmt.Errorf("the run did not say what it has to: %w\n%.1000s", err, out.Bytes())
		}
		if i > 0 {
			times = append(times, took)
			peak = max(peak, maxMemory(c.ProcessState))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], peak, nil
}

// readAll returns the size of a folder, and the median time to read it and look at every byte.
func readAll(folder string, runs int) (size int64, floor time.Duration, err error) {
	var times []time.Duration
	buffer := make([]byte, 1<<20)
	for range runs {
		size = 0
		start := time.Now()
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			n, err := look(path, buffer)
			size += n
			return err
		})
		if err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", folder, err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return size, times[len(times)/2], nil
}

// look reads a file and looks at every byte. It keeps none of them: the memory that this process
// has when it starts another one counts as that one's.
func look(path string, buffer []byte) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for {
		n, err := f.Read(buffer)
		size += int64(n)
		bytes.Count(buffer[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

// Write implements io.Writer.
func (h *head) Write(text []byte) (int, error) {
	const most = 1 << 20
	h.Buffer.Write(text[:min(len(text), max(most-h.Len(), 0))])
	return len(text), nil
}
