package openid

import "strings"

// claims are what a provider says of a person.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return strings.TrimSpace(s)
}

// name is what people call them.
func (c claims) name() string {
	if name := c.text("name"); name != "" {
		return name
	}
	return strings.TrimSpace(c.text("given_name") + " " + c.text("family_name"))
}

// values are those of a claim: a word or a list of words. An email address
// counts only where the provider has made sure that it is theirs.
func (c claims) values(path string) []string {
	if path == "email" && !c.verified() {
		return nil
	}
	switch v := c.find(path).(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

func (c claims) verified() bool {
	yes, _ := c["email_verified"].(bool)
	return yes || c.text("email_verified") == "true" // as some send it
}

// find takes a claim of that very name first: some are called like addresses.
func (c claims) find(path string) any {
	if v, ok := c[path]; ok {
		return v
	}
	first, rest, inside := strings.Cut(path, ".")
	if within, ok := c[first].(map[string]any); ok && inside {
		return claims(within).find(rest)
	}
	return nil
}

// leftOut reports whether the token only says where the claim could be asked
// for, as Entra does with more than 200 groups (Core, section 5.6.2).
func (c claims) leftOut(path string) bool {
	names, _ := c["_claim_names"].(map[string]any)
	_, there := names[path]
	return there && len(c.values(path)) == 0
}
