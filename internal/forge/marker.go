package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Marker is the first line of everything that we write: it says whose it is,
// of which pipeline, and what the body was.
type Marker struct {
	Key      string // several jobs may each have a note
	Pipeline int64
	Hash     string // of the body without marker and footer
	// Gates names what is regressed in a thread; "" in notes.
	Gates string
}

var markerLine = regexp.MustCompile(`^<!-- k6report:v1 key=([A-Za-z0-9._-]+) pipeline=([0-9]+) body=([0-9a-f]{16})(?: gates=([0-9a-f]{16}))? -->`)

func (m Marker) String() string {
	text := fmt.Sprintf("<!-- k6report:v1 key=%s pipeline=%d body=%s", m.Key, m.Pipeline, m.Hash)
	if m.Gates != "" {
		text += " gates=" + m.Gates
	}
	return text + " -->"
}

// before is a text that begins with the marker, without the white space at its end
// that a forge would take off.
func (m Marker) before(body string) string {
	return strings.TrimRight(m.String()+"\n\n"+body, " \n\t")
}

// ParseMarker reads the marker of a body; false when it has none.
func ParseMarker(body string) (Marker, bool) {
	found := markerLine.FindStringSubmatch(body)
	if found == nil {
		return Marker{}, false
	}
	pipeline, err := strconv.ParseInt(found[2], 10, 64)
	if err != nil {
		return Marker{}, false
	}
	return Marker{Key: found[1], Pipeline: pipeline, Hash: found[3], Gates: found[4]}, true
}

// digest is a short name of a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Key makes a key for notes of any text, such as a job's name: another of
// another text.
func Key(text string) string {
	const longest = 80
	key := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, text)
	switch {
	case text == "":
		return "default"
	case key == text && len(key) <= longest:
		return key
	}
	return key[:min(len(key), longest)] + "-" + digest(text)[:8]
}
