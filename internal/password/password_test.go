package password_test

import (
	"errors"
	"strings"
	"testing"

	"postroom/internal/password"
)

// cheap is for tests: the least that argon2 takes.
func cheap() password.Cost { return password.Cost{Memory: 8, Passes: 1, Threads: 1} }

func TestOnlyThePasswordMatches(t *testing.T) {
	t.Parallel()
	stored := cheap().Hash("three plain words")
	for given, want := range map[string]bool{
		"three plain words": true, "three plain word": false, "Three plain words": false, "": false, strings.Repeat("x", 300): false,
	} {
		if got, err := password.Matches(stored, given); got != want || err != nil {
			t.Errorf("%q: %v, %v", given, got, err)
		}
	}
	if stored == cheap().Hash("three plain words") {
		t.Error("two hashes of one password are the same: no salt")
	}
	if strings.Contains(stored, "three") {
		t.Error("the password is in the hash")
	}
}

func TestTheParametersComeFromTheHash(t *testing.T) {
	t.Parallel()
	stored := password.Cost{Memory: 64, Passes: 2, Threads: 2}.Hash("correct horse battery")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=64,t=2,p=2$") {
		t.Errorf("stored as %s", stored)
	}
	if ok, err := password.Matches(stored, "correct horse battery"); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	other := strings.Replace(stored, "t=2", "t=3", 1)
	if ok, err := password.Matches(other, "correct horse battery"); ok || err != nil {
		t.Errorf("another cost matches: %v, %v", ok, err)
	}
}

func TestADamagedHashIsAnErrorAndTakesNoMemory(t *testing.T) {
	t.Parallel()
	good := cheap().Hash("three plain words")
	for _, stored := range []string{
		"", "plain", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA", strings.Replace(good, "m=8", "m=4294967295", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "v=19", "v=16", 1), good[:40], good + "$",
	} {
		if _, err := password.Matches(stored, "three plain words"); !errors.Is(err, password.ErrUnreadable) {
			t.Errorf("%q: %v", stored, err)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"short": "too short", "ééééééééééé": "too short", "priya nandakumar": "is the name", strings.Repeat("a", 20): "again and again",
		strings.Repeat("ab", 200): "too long", "JustinBieber": "many people use", "football1234": "many people use", "2026Password!!": "many people use",
		"Citrine-Homes-2026": "anybody would try", "PostroomComplaints1": "anybody would try", "priya.citrine99": "anybody would try",
		"citrine and a green ladder": "", "\u0141\u00f3d\u017a nad rzek\u0105": "", "bad \xff bytes here": "no text", "three plain words": "",
	} {
		got := password.Problem(given, "Priya Nandakumar", "Citrine Homes")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
