// Package chart draws the pictures of a report: the same strokes as SVG, for
// pages and files, and as PNG, for chat and documents.
//
// It draws what is in the report and nothing else; which points a chart has is
// decided by package analyze. The text in a report is hostile: only letters
// that the embedded fonts hold get into a picture, on one line, and names of
// other scripts are replaced by a key ("E7", the seventh endpoint of the
// report's table), the same in every format.
package chart
