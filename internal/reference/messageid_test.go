package reference_test

import (
	"net/mail"
	"strings"
	"testing"

	"postroom/internal/reference"
)

var (
	newKey = []byte("new key: 0123456789abcdef")
	oldKey = []byte("old key: 0123456789abcdef")
)

func TestMessageIDsAreKnownAgain(t *testing.T) {
	t.Parallel()
	ids := reference.MessageIDs{Domain: "Post.Landlord.example", Key: newKey}
	id := ids.Make("fingerprint", "service_request_notice", 2, example)
	if _, err := mail.ParseAddress("<" + id + ">"); err != nil || len(id) > 120 {
		t.Errorf("%s: %v", id, err)
	}
	if strings.Contains(id, "fingerprint") {
		t.Errorf("%s tells the fingerprint", id)
	}
	for _, as := range []string{id, "<" + id + ">", " <" + id + "> ", strings.ToUpper(id)} {
		if ref, ok := ids.Verify(as); !ok || ref != example {
			t.Errorf("%s: %q, %v", as, ref, ok)
		}
	}
	if ids.Make("fingerprint", "service_request_notice", 2, example) != id {
		t.Error("the same reply has two ids")
	}
	if ref, ok := ids.Verify(ids.Make("fingerprint", "alert", 1, "")); !ok || ref != "" {
		t.Errorf("without a reference: %q, %v", ref, ok)
	}
}

func TestMessageIDsDiffer(t *testing.T) {
	t.Parallel()
	ids := reference.MessageIDs{Domain: "landlord.example", Key: newKey}
	seen := map[string]bool{}
	for _, id := range []string{
		ids.Make("f", "receipt", 1, example), ids.Make("g", "receipt", 1, example), ids.Make("f", "alert", 1, example),
		ids.Make("f", "receipt", 2, example), ids.Make("f", "receipt", 1, "CIT26-7KR4-M9X8"), ids.Make("", "", 0, ""),
	} {
		if seen[id] {
			t.Errorf("%s twice", id)
		}
		seen[id] = true
	}
}

// Ids that an outsider, another Postroom or an older one of ours made.
func TestOthersMessageIDsAreNotOurs(t *testing.T) {
	t.Parallel()
	ours := reference.MessageIDs{Domain: "landlord.example", Key: newKey, OldKeys: [][]byte{oldKey}}
	id := ours.Make("fingerprint", "acknowledgement", 1, example)
	make2 := func(domain string, key []byte) string {
		return reference.MessageIDs{Domain: domain, Key: key}.Make("fingerprint", "acknowledgement", 1, example)
	}
	rename := func(id string) string { return id[:strings.IndexByte(id, '@')] + "@landlord.example" }
	for _, row := range []struct {
		name, id string
		ok       bool
	}{
		{"ours", id, true},
		{"by our old key", make2("landlord.example", oldKey), true},
		{"by another key", make2("landlord.example", []byte("another key of theirs")), false},
		{"of another domain", make2("other.example", newKey), false},
		{"of another domain, renamed to ours", rename(make2("other.example", newKey)), false},
		{"of a domain below ours", make2("a.landlord.example", newKey), false},
		{"another reference", strings.Replace(id, "m9x9", "m9x8", 1), false},
		{"another ordinal", strings.Replace(id, ".1.", ".2.", 1), false},
		{"another kind", strings.Replace(id, "acknowledgement", "receipt", 1), false},
		{"no signature", "cit26-7kr4-m9x9.acknowledgement.1.aaaaaaaaaaaaa.@landlord.example", false},
		{"dots alone", "....@landlord.example", false},
		{"empty", "", false},
		{"brackets", "<>", false},
		{"the domain alone", "@landlord.example", false},
		{"endless", strings.Repeat("a", 1<<20) + "@landlord.example", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if ref, ok := ours.Verify(row.id); ok != row.ok {
				t.Errorf("%.200s: %q, %v", row.id, ref, ok)
			}
		})
	}
}

func TestAnUnsetKeyBelievesNothing(t *testing.T) {
	t.Parallel()
	none := reference.MessageIDs{Domain: "landlord.example"}
	if _, ok := none.Verify(none.Make("f", "receipt", 1, example)); ok {
		t.Error("an id signed with no key is believed")
	}
	for _, bad := range []reference.MessageIDs{none, {Domain: "land lord", Key: newKey}, {Domain: "", Key: newKey}, {Domain: "landlord.example", Key: newKey, OldKeys: [][]byte{nil}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is taken for good", bad)
		}
	}
	if err := (reference.MessageIDs{Domain: "Post.landlord.example", Key: newKey}).Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzMessageIDs(f *testing.F) {
	ids := reference.MessageIDs{Domain: "landlord.example", Key: newKey, OldKeys: [][]byte{oldKey}}
	f.Add("cit26-7kr4-m9x9.receipt.1.aaaaaaaaaaaaa.aaaaaaaaaaaaaaaa@landlord.example")
	f.Add("....@landlord.example")
	f.Fuzz(func(t *testing.T, s string) {
		if ref, ok := ids.Verify(s); ok {
			t.Errorf("%q is believed, with %q", s, ref)
		}
		if ref, ok := ids.Verify(ids.Make(s, s, 1, s)); !ok && len(s) < 100 {
			t.Errorf("made of %q is not believed: %q", s, ref)
		}
	})
}

func TestReturnPaths(t *testing.T) {
	t.Parallel()
	paths := reference.ReturnPaths{Address: "Bounces@landlord.example", Key: newKey, OldKeys: [][]byte{oldKey}}
	if err := paths.Validate(); err != nil {
		t.Fatal(err)
	}
	path := paths.Make(example, 1_234_567_890_123)
	local, _, _ := strings.Cut(path, "@")
	if _, err := mail.ParseAddress(path); err != nil || len(local) > 64 {
		t.Errorf("%s: %v", path, err)
	}
	other := reference.ReturnPaths{Address: "bounces@landlord.example", Key: []byte("another key of theirs")}
	old := reference.ReturnPaths{Address: "bounces@landlord.example", Key: oldKey}
	for _, row := range []struct {
		name, address string
		ok            bool
	}{
		{"ours", path, true},
		{"in brackets and capitals", "<" + strings.ToUpper(path) + ">", true},
		{"by our old key", old.Make(example, 1_234_567_890_123), true},
		{"by another key", other.Make(example, 1_234_567_890_123), false},
		{"another number", strings.Replace(path, "-1234567890123-", "-1234567890124-", 1), false},
		{"another reference", strings.Replace(path, "m9x9", "m9x8", 1), false},
		{"the plain address", "bounces@landlord.example", false},
		{"the null path", "<>", false},
		{"nothing behind the plus", "bounces+@landlord.example", false},
		{"a hyphen", "bounces+-@landlord.example", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ref, number, ok := paths.Verify(row.address)
			if ok != row.ok || (ok && (ref != example || number != 1_234_567_890_123)) {
				t.Errorf("%s: %s, %d, %v", row.address, ref, number, ok)
			}
		})
	}
}

func TestReturnPathsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "bounces", "@landlord.example", "a+b@landlord.example", "more-than-twelve@landlord.example", "bounces@"} {
		p := reference.ReturnPaths{Address: address, Key: newKey}
		if p.Validate() == nil {
			t.Errorf("%q is taken for good", address)
		}
		if _, _, ok := p.Verify(p.Make(example, 1)); ok && address == "" {
			t.Error("an unset return path believes something")
		}
	}
	long := reference.ReturnPaths{Address: "bounces@landlord.example", Key: newKey}
	if got := long.Make(strings.Repeat("A", 80), 1); got != "bounces@landlord.example" {
		t.Errorf("too long: %s", got)
	}
}
