//go:build race

package notify

// underRace: the race detector makes a test's year ten times as long.
const underRace = true
