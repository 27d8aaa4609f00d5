package password

import (
	_ "embed" // the list
	"strings"
	"sync"
	"unicode"
)

// The list is made of the passwords that people use most, from the common
// passwords of zxcvbn (Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.;
// Copyright (c) 2021 zxcvbn-ts; MIT licence): of the 3,600 most used, what is
// left of at least four letters without the digits and signs around it; and of
// all 49,000 those that are long enough to be taken here.
//
//go:embed common.txt
var commonList string

var common = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for word := range strings.Lines(commonList) {
		list[strings.TrimSpace(word)] = true
	}
	return list
})

// Words that whoever guesses passwords of a landlord's complaints team tries,
// beside the names that the caller gives.
var houseWords = []string{
	"postroom", "complaints", "complaint", "housing", "homes", "council", "association", "landlord", "tenant", "resident",
	"password", "welcome", "letmein", "changeme", "administrator", "admin", "monday", "january", "spring", "summer", "autumn", "winter",
}

// leftLetters is how many letters a password must have beside words that are
// easily guessed.
const leftLetters = 6

// easy says what makes a password easily guessed, or "".
func easy(password string, names []string) string {
	lower := strings.ToLower(password)
	if common()[lower] || common()[strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })] {
		return "the password is one that many people use, with or without digits around it: use three words that have nothing to do with each other"
	}
	left, held := lower, false
	for _, word := range append(words(names), houseWords...) {
		held = held || strings.Contains(left, word)
		left = strings.ReplaceAll(left, word, " ")
	}
	letters := 0
	for _, r := range left {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if held && letters < leftLetters {
		return "the password is made of names and words that anybody would try here: use three words that have nothing to do with each other"
	}
	return ""
}

// words parts names into the words that somebody would try.
func words(names []string) []string {
	var found []string
	for _, name := range names {
		for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(word) >= 3 {
				found = append(found, word)
			}
		}
	}
	return found
}
