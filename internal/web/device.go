package web

import "strings"

// device says in a few words what somebody signs in with, so that they know
// their own. What a browser says of itself proves nothing, and is not kept.
func device(agent string) string {
	browser := firstOf(agent, [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chrome", "Chrome"},
		{"Chromium", "Chromium"},
		{"Safari", "Safari"},
	})
	system := firstOf(agent, [][2]string{
		{"iPhone", "an iPhone"}, {"iPad", "an iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "a Chromebook"}, {"Mac OS X", "a Mac"}, {"Linux", "Linux"},
	})
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	}
	return "a program"
}

// firstOf is what the first mark that is in the text stands for: Edge names
// Chrome too, and Chrome names Safari.
func firstOf(text string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return ""
}
