package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// storable makes a text that both databases take: PostgreSQL refuses NUL and
// invalid UTF-8, in what is looked for too.
func storable(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// storableForm makes all that was typed storable.
func storableForm(f url.Values) {
	for name, values := range f {
		for i, v := range values {
			values[i] = storable(v)
		}
		if kept := storable(name); kept != name {
			delete(f, name)
			f[kept] = append(f[kept], values...)
		}
	}
}

// storableAddress lets in addresses that can be looked for: nothing here has a
// name that no database takes. What stands behind the question mark is made
// storable.
func (d *Desk) storableAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if storable(r.URL.Path) != r.URL.Path {
			d.nothingThere(w, r)
			return
		}
		if text, err := url.QueryUnescape(r.URL.RawQuery); err != nil || storable(text) != text {
			asked := r.URL.Query()
			storableForm(asked)
			address := *r.URL
			address.RawQuery = asked.Encode()
			r = r.Clone(r.Context())
			r.URL = &address
		}
		next.ServeHTTP(w, r)
	})
}

// nothingThere says of an address that nothing has it.
func (d *Desk) nothingThere(w http.ResponseWriter, r *http.Request) {
	if forSystems(r) {
		d.refuse(w, r, refusal{Status: http.StatusNotFound, Code: "not_found", Detail: "There is nothing under this address. What there is stands in " + apiPath + "v1/openapi.yaml."})
		return
	}
	d.problem(w, r, http.StatusNotFound, "Not found", "There is no such page.")
}
