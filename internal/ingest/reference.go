package ingest

// reference is what a sample's metadata say of its request.
type reference struct{ rid, vu, iter []byte }

func referenceOf(metadata map[string]string) reference {
	return reference{[]byte(metadata["rid"]), []byte(metadata["vu"]), []byte(metadata["iter"])}
}

// plainReference reads the object of metadata as k6 writes it, without escapes
// and spaces; ok is false for everything else. b begins and ends in a brace, or
// is empty; the result lies in it.
func plainReference(b []byte) (r reference, ok bool) {
	for at := 1; at < len(b) && b[at] == '"'; {
		colon := plainEnd(b, at+1) + 1
		if colon == 0 || b[colon] != ':' || b[colon+1] != '"' {
			return r, false
		}
		end := plainEnd(b, colon+2)
		if end < 0 {
			return r, false
		}
		switch value := b[colon+2 : end]; string(b[at+1 : colon-1]) {
		case "rid":
			r.rid = value
		case "vu":
			r.vu = value
		case "iter":
			r.iter = value
		}
		if end+1 == len(b)-1 {
			return r, true
		}
		if b[end+1] != ',' {
			return r, false
		}
		at = end + 2
	}
	return r, false
}

// plainEnd is the place of the quote that ends a string, -1 where JSON might
// mean something else than its bytes.
func plainEnd(b []byte, at int) int {
	for ; at < len(b); at++ {
		switch c := b[at]; {
		case c == '"':
			return at
		case c < ' ', c == '\\', c >= 0x7f:
			return -1
		}
	}
	return -1
}

// of is the request that a sample belongs to, 0 if nothing tells: the request
// id, else virtual user, iteration and endpoint. A sample that names no endpoint
// is about the iteration, not about one of its requests.
func (r reference) of(e *entry) uint64 {
	if len(r.rid) > 0 {
		return max(hash(hash(offset64, "rid"), r.rid), 1)
	}
	if e.endpoint == "" || len(r.vu) == 0 && e.vu == "" || len(r.iter) == 0 && e.iter == "" {
		return 0
	}
	h := hash(offset64, "vu")
	if len(r.vu) > 0 {
		h = hash(h, r.vu)
	} else {
		h = hash(h, e.vu)
	}
	if len(r.iter) > 0 {
		h = hash(h, r.iter)
	} else {
		h = hash(h, e.iter)
	}
	return max(hash(h, e.endpoint), 1)
}

const offset64 = 14695981039346656037

// hash continues an FNV-1a hash by a text and its end.
func hash[T string | []byte](h uint64, s T) uint64 {
	const prime64 = 1099511628211
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime64
	}
	return h * prime64
}
