package main

// throttleOf tells a copy of this program to be the throttle of the process
// that started it: how long it stops, and of how long a time.
const throttleOf = "K6REPORT_ENGINE_THROTTLE"
