package run

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// identity names a run by its testid and start, or else by what it holds.
func identity(r *Run) string {
	testid := ""
	h := sha256.New()
	number := func(n uint64) { h.Write(binary.LittleEndian.AppendUint64(nil, n)) }
	for i := range r.Series {
		s := &r.Series[i]
		if id := s.Tags.Value("testid"); id != "" {
			testid = max(testid, id)
		}
		fmt.Fprintf(h, "%s\x00%s\x00", s.Metric, s.Tags.encoded)
		number(s.Count)
		number(uint64(s.Sum.Hi))
		number(s.Sum.Lo)
	}
	if r.Reported != nil && len(r.Series) == 0 {
		fmt.Fprintf(h, "%v", *r.Reported)
	}
	number(uint64(r.Started))
	number(uint64(r.Ended))
	name := pathSafe(testid)
	if name == "" {
		name = fmt.Sprintf("%x", h.Sum(nil)[:6])
	}
	if r.Started == 0 {
		return name
	}
	return time.Unix(0, r.Started).UTC().Format("20060102T150405Z") + "-" + name
}

// pathSafe keeps what may stand in a file name, at most 64 characters of it;
// nothing of a name like "..", which stands for a folder.
func pathSafe(s string) string {
	safe := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		}
		return '_'
	}, s)
	if strings.Trim(safe, ".") == "" {
		return ""
	}
	return safe[:min(len(safe), 64)]
}
