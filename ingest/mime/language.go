package mime

import (
	"strings"
	"sync"
	"unicode"
)

// languageOf guesses the language of a text from its script and its commonest
// words, as a BCP 47 tag; "und" when too little shows it.
func languageOf(text string) string {
	text = text[:min(len(text), 20_000)]
	if tag := byScript(text); tag != "" {
		return tag
	}
	count, common := map[string]int{}, commonWords()
	all := 0
	for f := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' }) {
		all++
		for _, tag := range common[strings.ReplaceAll(f, "’", "'")] {
			count[tag]++
		}
	}
	best, second := "und", 0
	for tag, n := range count {
		switch {
		case best == "und" || n > count[best] || n == count[best] && tag < best:
			if best != "und" {
				second = max(second, count[best])
			}
			best = tag
		default:
			second = max(second, n)
		}
	}
	if best == "und" || count[best] < 2 || count[best]*16 < all || count[best] == second {
		return "und"
	}
	return best
}

// byScript knows the languages that their letters show.
func byScript(text string) string {
	scripts := map[string]int{}
	letters := 0
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		if letters++; r >= 0x80 {
			scripts[scriptOf(r)]++
		}
	}
	for tag, n := range scripts {
		if tag != "" && n*2 > letters {
			return refine(tag, text)
		}
	}
	if scripts["ja"] > 0 && (scripts["ja"]+scripts["zh"])*2 > letters {
		return "ja"
	}
	return ""
}

// scriptOf gives the commonest language of a letter's script, empty for Latin.
func scriptOf(r rune) string {
	switch {
	case unicode.Is(unicode.Latin, r):
		return ""
	case unicode.Is(unicode.Arabic, r):
		return "ar"
	case unicode.Is(unicode.Cyrillic, r):
		return "ru"
	case unicode.Is(unicode.Greek, r):
		return "el"
	case unicode.Is(unicode.Han, r):
		return "zh"
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return "ja"
	case unicode.Is(unicode.Hangul, r):
		return "ko"
	case unicode.Is(unicode.Bengali, r):
		return "bn"
	case unicode.Is(unicode.Gurmukhi, r):
		return "pa"
	case unicode.Is(unicode.Gujarati, r):
		return "gu"
	case unicode.Is(unicode.Devanagari, r):
		return "hi"
	case unicode.Is(unicode.Tamil, r):
		return "ta"
	}
	return otherScript(r)
}

func otherScript(r rune) string {
	switch {
	case unicode.Is(unicode.Telugu, r):
		return "te"
	case unicode.Is(unicode.Malayalam, r):
		return "ml"
	case unicode.Is(unicode.Sinhala, r):
		return "si"
	case unicode.Is(unicode.Thai, r):
		return "th"
	case unicode.Is(unicode.Ethiopic, r):
		return "am"
	case unicode.Is(unicode.Hebrew, r):
		return "he"
	case unicode.Is(unicode.Armenian, r):
		return "hy"
	case unicode.Is(unicode.Georgian, r):
		return "ka"
	}
	return ""
}

// refine tells apart the languages that share a script.
func refine(tag, text string) string {
	switch tag {
	case "ar":
		if strings.ContainsAny(text, "ٹڈڑںےھہ") {
			return "ur"
		}
		if strings.ContainsAny(text, "ڕڵۆێ") {
			return "ckb"
		}
		if strings.ContainsAny(text, "ټډړږښۍ") {
			return "ps"
		}
		if strings.ContainsAny(text, "پچژگ") {
			return "fa"
		}
	case "ru":
		if strings.ContainsAny(text, "іїєґ") {
			return "uk"
		}
		if !strings.ContainsAny(text, "ыэё") && strings.ContainsAny(text, "ъ") {
			return "bg"
		}
	case "zh":
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }) {
			return "ja"
		}
	}
	return tag
}

// commonWords gives for a word the languages in which it is common.
var commonWords = sync.OnceValue(func() map[string][]string {
	words := map[string][]string{}
	for tag, list := range map[string]string{
		"en":      "the and to is of in my for it you that have has was i've i'm it's with on not this your are we be been but from they me can would please thank thanks hello hi no when there about still what do",
		"pl":      "nie jest się na że do to w z i od jak po przez proszę dzień mam za czy ale mnie był była dobry mi jestem przy ma są",
		"ro":      "și să nu este am la cu de pe că în mai un o din vă mi pentru sunt bună ziua care ca au fost",
		"cy":      "yn y yr i a mae ac o ar wedi fy nid ond eich chi ni dw rwy'n mae'r i'r ein gan diolch am bod hefyd bore cyn rhif",
		"de":      "und der die das ist nicht ich zu mit den es ein eine auf für von dem sie seit bitte wir hat haben auch sehr guten",
		"fr":      "le la les et est je de des un une pas que vous pour dans mon nous avec bonjour mais ne sur depuis j'ai en",
		"es":      "el la los las y es que de en no mi para con por una un se he está pero desde hola gracias muy",
		"pt":      "o a os as e é que de em não meu minha para com por uma um está mas desde olá obrigado muito foi ao",
		"it":      "il la che di e è non per con un una mi sono ho nel del della ma da buongiorno grazie più anche",
		"lt":      "ir yra ne aš kad su į iš labas mano jūsų prašau nuo bet buvo per apie už",
		"lv":      "un ir ar es ka no uz lai mans man jūsu lūdzu bet par pie kas tika",
		"hu":      "és nem hogy van az egy kérem jó napot már meg volt csak vagy ezt",
		"cs":      "je se na že to nebyl v s z do dobrý den prosím ale jsem mi jsme pro není od už",
		"sk":      "je sa na že to v s z do dobrý deň prosím ale som mi sme pre nie od už",
		"bg":      "не се на да е",
		"tr":      "ve bir bu için değil çok ama ile ben benim lütfen merhaba var yok daha kadar sonra",
		"so":      "waa iyo ma ka ku in la oo u waxaan aan mid fadlan guriga aad uu",
		"sq":      "dhe është nuk të në për me një unë që nga ju lutem kam",
		"nl":      "de het een en is niet ik van dat met op voor mijn zijn heb maar ook sinds graag",
		"sv":      "och är inte jag det att på en som har för med min men",
		"ur-Latn": "hai mein ka ki ke ko se nahi aur hain mera meri bhi hum aap raha rahi koi kya tha par ne",
	} {
		for f := range strings.FieldsSeq(list) {
			words[f] = append(words[f], tag)
		}
	}
	return words
})
