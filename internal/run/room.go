package run

// withRoom is a list with room for one more element. It grows by a quarter, not to
// the double as append has it: with thousands of series, what windows did not use was
// a fifth of the memory.
func withRoom[T any](list []T) []T {
	if len(list) < cap(list) {
		return list
	}
	longer := make([]T, len(list), len(list)+max(len(list)/4, 4))
	copy(longer, list)
	return longer
}

// longer is a list with n more elements, with anything in them. It, too,
// grows by a quarter, but has no room to spare when it is short: there are many.
func longer[T any](list []T, n int) []T {
	need := len(list) + n
	if need > cap(list) {
		list = append(make([]T, 0, max(need, len(list)+len(list)/4)), list...)
	}
	return list[:need]
}
