package cluster

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Mention is a host that a container's specification names. Nothing of the text around it is kept.
// Whether it is one that exists is not known here: any word may be the name of a Service.
type Mention struct {
	// Host is a DNS name in lower case, without a dot at its end, or an address.
	Host string `json:"host"`
	// Port is written beside it, or is what the scheme of a URL stands for; 0 where there is none.
	Port int32 `json:"port,omitempty"`
	// Where is the variable or flag that names it: "env PAYMENT_URL", "arg --db-host", "args[1]".
	Where string `json:"where"`
}

// Word tells whether the mention is no more than a word: it means something only where a Service
// of that name is in the pod's own namespace.
func (m Mention) Word() bool { return m.Port == 0 && !strings.Contains(m.Host, ".") }

const (
	mostMentions = 64   // of one specification
	longestText  = 4096 // of one value that is looked at
	longestLabel = 100  // of the name of a variable or flag
)

// mentions collects the mentions of one specification.
type mentions struct {
	list []Mention
	kept map[Mention]bool
	more bool
}

// setting is a text under a name: a variable of the environment, a flag, or an argument without
// a name.
type setting struct{ where, key, text string }

// container collects what a container names. Only what is written down in its specification is
// looked at: values from elsewhere are not there. Source: core/v1 EnvVar.ValueFrom.
func (m *mentions) container(c *corev1.Container) {
	var env []setting
	for i := range c.Env {
		if e := &c.Env[i]; e.ValueFrom == nil && e.Value != "" {
			env = append(env, setting{"env " + e.Name, e.Name, e.Value})
		}
	}
	m.settings(env)
	var command []string
	if len(c.Command) > 0 {
		command = c.Command[1:] // the first is the program
	}
	m.settings(arguments("command", 1, command))
	m.settings(arguments("args", 0, c.Args))
}

// arguments puts flags and their values together: "--db-host=db" and "--db-host", "db".
func arguments(list string, first int, args []string) []setting {
	var out []setting
	for i := 0; i < len(args); i++ {
		s := setting{where: list + "[" + strconv.Itoa(first+i) + "]", text: args[i]}
		name, value, joined := strings.Cut(args[i], "=")
		switch {
		case !isFlag(name):
		case joined:
			s.key, s.text = name, value
		case i+1 < len(args) && !strings.HasPrefix(args[i+1], "-"):
			i++
			s.key, s.text = name, args[i]
		}
		if plainName(s.key) {
			s.where = "arg " + s.key
		}
		out = append(out, s)
	}
	return out
}

var flagName = regexp.MustCompile(`^-[A-Za-z0-9._-]+$`)

func isFlag(text string) bool { return len(text) <= longestLabel && flagName.MatchString(text) }

// plainName tells whether a flag is sure to be no more than a name. What follows a single dash can be
// a letter with its value, such as a password.
func plainName(flag string) bool {
	return strings.HasPrefix(flag, "--") || len(flag) == 2 || strings.HasPrefix(flag, "-D")
}

// settings collects from settings that stand beside each other, so that a host may have its port
// in the next.
func (m *mentions) settings(all []setting) {
	ports := map[string]int32{}
	for _, s := range all {
		if port, ok := portNumber(s.text); ok {
			ports[strings.ToUpper(s.key)] = port
		}
	}
	for _, s := range all {
		m.setting(s, ports)
	}
}

// hostKeys are how keys of hosts end. The key of the port beside it ends in PORT.
var hostKeys = []string{"HOSTNAME", "HOST", "ADDRESS", "ADDR", "SERVER"}

// portBeside returns the port that stands beside a host under a key of its own: that of DB_PORT
// for DB_HOST. It is 0 where there is none.
func portBeside(key string, ports map[string]int32) int32 {
	key = strings.ToUpper(key)
	for _, end := range hostKeys {
		if start, ok := strings.CutSuffix(key, end); ok {
			return ports[start+"PORT"]
		}
	}
	return 0
}

func portNumber(text string) (int32, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int32(n), err == nil && n > 0
}

// The last words of keys whose values are not looked at: they are secrets, or names of something
// that often is called as a Service is.
var (
	secretWords = []string{"PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "CREDENTIALS", "SALT"}
	otherWords  = []string{"USER", "USERNAME", "NAME", "DB", "DBNAME", "DATABASE", "SCHEMA", "NAMESPACE", "LEVEL", "MODE", "ENV", "ENVIRONMENT", "PROFILE", "PREFIX", "BUCKET", "TOPIC", "QUEUE"}
)

// lastWord returns the last word of a key, in capitals: URL of PAYMENT_URL, --payment-url and
// payment.url.
func lastWord(key string) string {
	return strings.ToUpper(key[strings.LastIndexAny(key, "_-.")+1:])
}

// variable is what is put in when the container starts. Source: core/v1 EnvVar.Value.
var variable = regexp.MustCompile(`\$\([^)]*\)?|\$\{[^}]*\}?|\$\w*`)

// separators end a word in a text. Commas do not: a URL may go on behind them.
func separators(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`;|&()<>{}", r) }

// setting collects what one value names.
func (m *mentions) setting(s setting, ports map[string]int32) {
	if len(s.where) > longestLabel || slices.Contains(secretWords, lastWord(s.key)) || s.key == "-p" {
		return
	}
	if len(s.text) > longestText {
		s.text, m.more = s.text[:longestText], true
	}
	if strings.Contains(s.text, "$") {
		s.text = variable.ReplaceAllString(s.text, "\x00") // no word with it is a host
	}
	words := strings.FieldsFunc(s.text, separators)
	if len(words) == 1 && words[0] == s.text {
		m.word(s, ports, !slices.Contains(otherWords, lastWord(s.key)))
		return
	}
	beside := map[string]int32{} // as in "host=db port=5432"
	for _, word := range words {
		if key, value, ok := strings.Cut(word, "="); ok {
			if port, ok := portNumber(value); ok {
				beside[strings.ToUpper(key)] = port
			}
		}
	}
	before := ""
	for _, word := range words {
		m.word(setting{s.where, before, word}, beside, hostKey(before))
		if before = ""; strings.HasPrefix(word, "-") {
			before = word
		}
	}
}

// hostKey tells whether a host is what a key wants. It is asked in the midst of a text, where most
// words are just words.
func hostKey(key string) bool {
	key = strings.ToUpper(key)
	return key == "-H" || slices.ContainsFunc(hostKeys, func(end string) bool { return strings.HasSuffix(key, end) })
}

// word collects what one word names, which may be a pair or a list. A word with neither dot nor
// port counts only where alone is true.
func (m *mentions) word(s setting, ports map[string]int32, alone bool) {
	if key, value, ok := strings.Cut(s.text, "="); ok && !strings.Contains(key, "://") {
		if !slices.Contains(secretWords, lastWord(key)) {
			m.word(setting{s.where, key, value}, ports, hostKey(key))
		}
		return
	}
	port := portBeside(s.key, ports)
	switch strings.Count(s.text, "://") {
	case 0:
		for part := range strings.SplitSeq(s.text, ",") {
			m.host(s.where, part, port, alone)
		}
	case 1:
		m.url(s.where, s.text, port)
	default:
		for part := range strings.SplitSeq(s.text, ",") {
			m.url(s.where, part, port)
		}
	}
}

// schemePorts are the ports that schemes stand for. Sources: RFC 9110, 4.2; RFC 6455, 3.
var schemePorts = map[string]int32{"http": 80, "https": 443, "ws": 80, "wss": 443}

// url collects the hosts of a URL. Some databases list several of them in one. Who logs in, and
// with what, is left out.
func (m *mentions) url(where, text string, port int32) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		m.host(where, text, port, false)
		return
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if port == 0 {
		port = schemePorts[strings.ToLower(scheme)]
	}
	for host := range strings.SplitSeq(rest, ",") {
		m.host(where, host, port, true)
	}
}

// host collects HOST, HOST:PORT or HOST:PORT/PATH. The port that is given is that of a host
// without one.
func (m *mentions) host(where, text string, port int32, alone bool) {
	text = text[strings.LastIndexByte(text, '@')+1:]
	if addr, err := netip.ParseAddrPort(text); err == nil {
		m.address(where, addr.Addr(), int32(addr.Port()))
		return
	}
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		m.address(where, addr, port)
		return
	}
	text, _, path := strings.Cut(text, "/")
	host, number, written := strings.Cut(text, ":")
	if written {
		var ok bool
		if port, ok = portNumber(number); !ok {
			return
		}
	}
	if path && !written {
		return // a file, or an image
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		m.address(where, addr, port)
		return
	}
	dotted := strings.Contains(host, ".")
	if !written && !dotted && (!alone || strings.ToLower(host) != host) {
		return
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.ContainsFunc(host, func(r rune) bool { return r >= 'a' && r <= 'z' }) || len(validation.IsDNS1123Subdomain(host)) > 0 || host == "localhost" {
		return
	}
	m.add(Mention{Host: host, Port: port, Where: where})
}

// address collects an address that a connection can be opened to from elsewhere. Addresses to
// listen on are none.
func (m *mentions) address(where string, a netip.Addr, port int32) {
	a = a.Unmap().WithZone("")
	if port == 0 || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() {
		return
	}
	m.add(Mention{Host: a.String(), Port: port, Where: where})
}

func (m *mentions) add(found Mention) {
	if m.kept[found] {
		return
	}
	if len(m.list) == mostMentions {
		m.more = true
		return
	}
	found.Host = strings.Clone(found.Host) // without the value around it
	m.kept[found] = true
	m.list = append(m.list, found)
}
