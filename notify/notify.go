// Package notify owns getting replies out: one guard before every path,
// composing the words into mail, sending it, and deciding what becomes of an
// attempt. It may not know how post came in; what is owed it reads from the
// register, and what it did it writes there.
package notify
