package web

import (
	"slices"
	"sync"
	"time"
)

// How many complaints the form takes within an hour: from one address, such as
// a library's, and from everybody. It is there for robots: a person who is
// turned away is told to phone.
const (
	mostFromOne = 10
	mostFromAll = 200
)

// A crowd bounds how much is sent within an hour by people whom nobody knows:
// from one address, and from all. It remembers no more than that.
type crowd struct {
	one, all int
	mu       sync.Mutex
	entries  []entrance
}

type entrance struct {
	client string
	at     time.Time
}

// enter reports whether one more may be sent from there.
func (c *crowd) enter(client string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = slices.DeleteFunc(c.entries, func(e entrance) bool { return now.Sub(e.at) >= time.Hour })
	from := 0
	for _, e := range c.entries {
		if e.client == client {
			from++
		}
	}
	if from >= c.one || len(c.entries) >= c.all {
		return false
	}
	c.entries = append(c.entries, entrance{client, now})
	return true
}
