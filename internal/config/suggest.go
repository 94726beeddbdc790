package config

import "strings"

// suggest names the choice that a mistyped word most likely meant, or, when
// none is near, all of them.
func suggest(word string, choices []string) string {
	best, distance := "", 1+max(1, len(word)/3)
	for _, choice := range choices {
		if d := edits(strings.ToLower(word), choice); d < distance {
			best, distance = choice, d
		}
	}
	if best != "" {
		return `did you mean "` + best + `"?`
	}
	return "use " + strings.Join(choices, ", ")
}

// hintForKey is suggest for keys, with a warning for those that would put a
// secret into a file that is committed.
func hintForKey(name string, names []string) string {
	lower := strings.ToLower(name)
	for _, secret := range []string{"token", "password", "secret", "credential"} {
		if strings.Contains(lower, secret) {
			return "credentials come from the environment only, take it out of the file"
		}
	}
	return suggest(name, names)
}

// edits is the Levenshtein distance in bytes, with a swap of neighbours as one
// edit (optimal string alignment).
func edits(a, b string) int {
	var before, previous []int
	current := make([]int, len(b)+1)
	for j := range current {
		current[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, previous, current = previous, current, make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
	}
	return current[len(b)]
}
