package snapshot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// pseudonyms says which word stands for which. A text is renamed word by word, and a word is what
// stands between other characters than letters and digits: so DNS names, labels, "web-0" and
// selectors written as expressions keep the form by which they belong together. A word and what
// stands for it are of the same length, as names have a longest.
type pseudonyms struct {
	key   []byte
	of    map[string]string // in lower case
	taken map[string]bool
	masks map[string]uint64 // of words, and of what stands for them
}

// wordSet are words in lower case.
type wordSet map[string]bool

// add notes the words of a text.
func (s wordSet) add(text string) string {
	return renameText(text, func(word string) string {
		if lower := strings.ToLower(word); !publicWord(lower) {
			for _, part := range parts(lower) {
				if !isNumber(part) {
					s[part] = true
				}
			}
		}
		return word
	})
}

// newPseudonyms finds words that stand for words. The same words under the same key have the same.
func newPseudonyms(key []byte, words wordSet) *pseudonyms {
	p := &pseudonyms{key: key, of: map[string]string{}, taken: map[string]bool{}, masks: map[string]uint64{}}
	sorted := slices.Sorted(maps.Keys(words))
	for _, w := range sorted {
		p.masks[w] = mask(w)
	}
	var done []string
	for _, w := range sorted {
		if !resembling(w) {
			p.assign(w, "", words, nil)
			continue
		}
		p.assign(w, p.nearest(w, done), words, done)
		done = append(done, w)
	}
	return p
}

// mostDraws is how often a word is drawn before one is taken that is not the best.
const mostDraws = 200

// assign finds a word that stands for another. It is none that is public or that the original has,
// it is near to that of a word which the original is near to, and to no other.
func (p *pseudonyms) assign(word, near string, words wordSet, done []string) {
	for draw := uint32(0); ; draw++ {
		d := &dice{key: p.key, word: word, round: draw}
		var found string
		length := len([]rune(word)) + int(draw/mostDraws)
		if near != "" && draw < mostDraws {
			found = likewise(near, p.of[near], word, d)
		} else {
			found = d.wordOf(length)
		}
		if p.taken[found] || publicWord(found) || publicName(found) || words[found] && length > 2 {
			continue
		}
		if near == "" && draw < mostDraws/2 && p.tooNear(found, word, done) {
			continue
		}
		p.of[word], p.taken[found], p.masks[found] = found, true, mask(found)
		return
	}
}

// nearest returns the word among those that are done which a word may be a slip for; "" for none.
func (p *pseudonyms) nearest(word string, done []string) string {
	best, distance := "", len(word)
	for _, w := range done {
		if !p.mayBeNear(w, word, p.masks[w], p.masks[word]) || !spelling.Near(w, word) {
			continue
		}
		if d := spelling.Distance(w, word); d < distance {
			best, distance = w, d
		}
	}
	return best
}

// tooNear tells whether a word is near to one that stands for another which the original is not
// near to.
func (p *pseudonyms) tooNear(found, word string, done []string) bool {
	m := mask(found)
	for _, w := range done {
		other := p.of[w]
		if p.mayBeNear(other, found, p.masks[other], m) && spelling.Near(other, found) && !spelling.Near(w, word) {
			return true
		}
	}
	return false
}

// mayBeNear is a quick look: words that share few letters or differ in length are not near.
func (p *pseudonyms) mayBeNear(a, b string, ma, mb uint64) bool {
	most := max(1, max(len(a), len(b))/3)
	return len(a)-len(b) <= most && len(b)-len(a) <= most && bits.OnesCount64(ma^mb) <= 2*most
}

// mask has a bit for each letter and digit of a word.
func mask(word string) (m uint64) {
	for _, r := range word {
		m |= 1 << (uint(r) % 64)
	}
	return m
}

// text renames every word of a text.
func (p *pseudonyms) text(text string) string {
	return renameText(text, func(word string) string {
		lower := strings.ToLower(word)
		if publicWord(lower) {
			return word
		}
		var b strings.Builder
		for _, part := range parts(lower) {
			if other, ok := p.of[part]; ok {
				part = other
			} else if !publicWord(part) && !isNumber(part) {
				part = (&dice{key: p.key, word: part}).wordOf(len([]rune(part)))
			}
			b.WriteString(part)
		}
		return inCase(b.String(), word)
	})
}

// prefix of a policy's name that means something without being a word of its own.
const prefix = "allow"

// parts splits a word where its beginning means something, and takes off the number at its end:
// "web1" and "web2" are alike.
func parts(lower string) []string {
	if rest, ok := strings.CutPrefix(lower, prefix); ok && rest != "" && !publicWord(rest) {
		return append([]string{prefix}, parts(rest)...)
	}
	letters := strings.TrimRight(lower, "0123456789")
	if letters == "" || letters == lower || strings.ContainsAny(letters, "0123456789") {
		return []string{lower}
	}
	return []string{letters, lower[len(letters):]}
}

func isNumber(text string) bool { return strings.Trim(text, "0123456789") == "" }

// resembling tells whether a word may be near to others. What controllers add to names is not: it has
// digits in it, or no vowels. There is one such for every pod.
func resembling(word string) bool {
	return !strings.ContainsAny(word, "0123456789") && (len(word) < 5 || strings.ContainsAny(word, "aeiouy"))
}

// inCase writes a word with capitals where another has them.
func inCase(word, like string) string {
	out, model := []rune(word), []rune(like)
	for i := range out {
		if i < len(model) && unicode.IsUpper(model[i]) {
			out[i] = unicode.ToUpper(out[i])
		}
	}
	return string(out)
}

// renameText calls a function for every word of a text that is not public, and puts what it returns
// in its place. What is public may be the whole text, a name in it, or a part of a name between
// slashes, colons or dots. Numbers are no words.
func renameText(text string, rename func(string) string) string {
	return split(text, 0, rename)
}

// borders are the characters that end the parts of a text, from the widest part to a word.
var borders = []func(rune) bool{
	func(r rune) bool { return !within(r, "/:._=-") },
	func(r rune) bool { return !within(r, "/:._-") },
	func(r rune) bool { return !within(r, ":._-") },
	func(r rune) bool { return !within(r, "._-") },
	func(r rune) bool { return !within(r, "_-") },
	func(r rune) bool { return !within(r, "") },
}

// within tells whether a character is of a word, or one of some more. What is not ASCII is.
func within(r rune, more string) bool {
	return r >= 0x80 || unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(more, r)
}

func split(text string, level int, rename func(string) string) string {
	switch {
	case publicName(text):
		return text
	case level == len(borders):
		if isNumber(text) {
			return text
		}
		return rename(text)
	}
	var b strings.Builder
	start := 0
	for i, r := range text {
		if borders[level](r) {
			b.WriteString(split(text[start:i], level+1, rename))
			b.WriteRune(r)
			start = i + len(string(r))
		}
	}
	b.WriteString(split(text[start:], level+1, rename))
	return b.String()
}

// likewise does to the word that stands for near what makes word of near.
func likewise(near, other, word string, d *dice) string {
	a, b, o := []rune(near), []rune(word), []rune(other)
	// rows[i][j] is how far the rest of near from i is from the rest of word from j.
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for i := len(a); i >= 0; i-- {
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a):
				rows[i][j] = len(b) - j
			case j == len(b):
				rows[i][j] = len(a) - i
			case a[i] == b[j]:
				rows[i][j] = rows[i+1][j+1]
			default:
				rows[i][j] = 1 + min(rows[i+1][j+1], rows[i+1][j], rows[i][j+1])
			}
		}
	}
	var out []rune
	for i, j := 0, 0; j < len(b); {
		letter := func() rune { return rune(d.letter(letters)) }
		switch {
		case i < len(a) && a[i] == b[j]:
			if i < len(o) {
				out = append(out, o[i])
			} else {
				out = append(out, letter())
			}
			i, j = i+1, j+1
		case i+1 < len(a) && j+1 < len(b) && a[i] == b[j+1] && a[i+1] == b[j] && i+1 < len(o): // swapped
			out = append(out, o[i+1], o[i])
			i, j = i+2, j+2
		case i < len(a) && rows[i][j] == 1+rows[i+1][j+1]:
			out = append(out, letter())
			i, j = i+1, j+1
		case i < len(a) && rows[i][j] == 1+rows[i+1][j]:
			i++
		default:
			out = append(out, letter())
			j++
		}
	}
	return string(out)
}

// The letters that words are made of. Without vowels they do not mean anything by accident; short
// words need more of them.
const (
	letters    = "bcdfghjklmnpqrstvwxz"
	allLetters = "abcdefghijklmnopqrstuvwxyz"
)

// dice throws letters, the same for the same key, word and round.
type dice struct {
	key   []byte
	bytes []byte
	word  string
	round uint32
	block uint32
}

func (d *dice) letter(of string) byte {
	if len(d.bytes) == 0 {
		m := hmac.New(sha256.New, d.key)
		m.Write([]byte(d.word))
		m.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{0}, d.round), d.block))
		d.bytes, d.block = m.Sum(nil), d.block+1
	}
	n := binary.BigEndian.Uint16(d.bytes)
	d.bytes = d.bytes[2:]
	return of[int(n)%len(of)]
}

func (d *dice) wordOf(length int) string {
	of := letters
	if length <= 2 {
		of = allLetters
	}
	out := make([]byte, length)
	for i := range out {
		out[i] = d.letter(of)
	}
	return string(out)
}
