// Package baseline keeps the runs that later ones are compared with: a folder
// of entries for each baseline, one blob a run, without an index that two
// writers could disagree about.
//
// It stores and finds. It does not judge (package analyze does), and it looks
// into a run for nothing but its identity. Where the blobs are is the business
// of a [Blobs]: a directory is one, the package registry of a GitLab project
// another.
package baseline
