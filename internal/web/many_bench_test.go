//go:build unix

package web_test

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// BenchmarkPagesAmongMany fetches the pages that officers open all day, in a
// register that has held post for six years: POSTROOM_TEST_HELD messages of a
// case each, 10,000 where it is not set. Of them 1,000 and then 10,000 wait in
// the review queue. POSTROOM_TEST_REGISTER names the SQLite file or the empty
// PostgreSQL database that is filled, and that is used as it is when it is
// filled already.
func BenchmarkPagesAmongMany(b *testing.B) {
	held, err := strconv.Atoi(cmp.Or(os.Getenv("POSTROOM_TEST_HELD"), "10000"))
	if err != nil {
		b.Fatal(err)
	}
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			cfg := registertest.Config(b, time.Now)
			if kept := os.Getenv("POSTROOM_TEST_REGISTER"); kept == "" {
				cfg = point(b, cfg)
			} else if cfg.Driver, cfg.DSN = name, kept; strings.Contains(kept, "://") != (name == "postgres") {
				b.Skip("POSTROOM_TEST_REGISTER is of the other kind")
			}
			fill(b, cfg, held)
			room := registertest.Open(b, cfg)
			fetch := reader(b, cfg, room)
			for _, waiting := range []int{1000, 10_000} {
				status, err := room.Status(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				registertest.Wait(b, room, time.Now(), status.InReview, waiting)
				for _, path := range []string{"/", "/?page=15", "/?topic=pests&label=service_request"} {
					b.Run(fmt.Sprintf("waiting=%d%s", waiting, path), func(b *testing.B) {
						fetched(b, fetch, func(int) string { return path }, `scope="row"`)
					})
				}
			}
			for _, p := range pagesAmongMany(b, room) {
				b.Run(p.name, func(b *testing.B) { fetched(b, fetch, p.path, p.holds) })
			}
		})
	}
}

// fill makes the register hold as much, unless it holds something.
func fill(b *testing.B, cfg register.Config, held int) {
	b.Helper()
	room, err := register.Connect(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	some, err := room.Messages(b.Context(), time.Unix(0, 0), 1)
	if err != nil {
		b.Fatal(err)
	}
	_ = room.Close()
	if len(some) > 0 {
		return
	}
	began := time.Now()
	registertest.Many(b, cfg, held)
	b.Logf("%d messages in %s", held, time.Since(began).Round(time.Second))
	if cfg.Driver != "sqlite" {
		return
	}
	var size int64
	files, _ := filepath.Glob(cfg.DSN + "*")
	for _, f := range files {
		if at, err := os.Stat(f); err == nil {
			size += at.Size()
		}
	}
	b.Logf("%d MB", size>>20)
}

// A measuredPage is fetched with something else each time.
type measuredPage struct {
	name  string
	path  func(i int) string
	holds string
}

// pagesAmongMany takes cases of all six years, and looks at them and for them.
func pagesAmongMany(b *testing.B, room *register.Register) []measuredPage {
	b.Helper()
	var some []register.Found
	for years := range 6 {
		day := workday.DateOf(time.Now().AddDate(-years, -1, 0))
		found, _, _, err := room.Search(b.Context(), register.Search{To: day, N: 9})
		if err != nil || len(found) == 0 {
			b.Fatal(found, err)
		}
		some = append(some, found...)
	}
	of := func(before string, what func(f register.Found) string) func(int) string {
		return func(i int) string { return before + url.QueryEscape(what(some[i*7%len(some)])) }
	}
	postcode := func(f register.Found) string { return f.Place[strings.LastIndex(f.Place, ", ")+2:] }
	word := func(i int) string { return registertest.Word(i) }
	rows := `scope="row"`
	pages := []measuredPage{
		{"case", of("/cases/", func(f register.Found) string { return f.Case }), "</html>"},
		{"message", of("/messages/", func(f register.Found) string { return f.Message }), "</html>"},
		{"search/reference", of("/cases?q=", func(f register.Found) string { return f.Reference }), rows},
		{"search/name", of("/cases?q=", func(f register.Found) string { return f.Who }), rows},
		{"search/postcode", of("/cases?q=", postcode), rows},
		{"search/one-in-six", func(int) string { return "/cases?q=boiler" }, rows},
		{"search/every-case", func(int) string { return "/cases?q=regards" }, rows},
		{"search/often", func(i int) string { return "/cases?q=" + word(i%5) }, rows},
		{"search/seldom", func(i int) string { return "/cases?q=" + word(15_000+i%500) }, "</html>"},
		{"search/often-and-seldom", func(i int) string { return "/cases?q=" + word(i%5) + "+" + word(15_000+i%500) }, "</html>"},
		{"search/two-often", func(i int) string { return "/cases?q=" + word(i%5) + "+boiler" }, rows},
		{"search/beginning", func(i int) string { return "/cases?q=" + word(300 + i%50)[:4] + "*" }, "</html>"},
		{"search/all", func(int) string { return "/cases" }, rows},
		{"search/late", func(int) string { return "/cases?state=late&sort=due" }, "</html>"},
		{"search/closed-of-a-topic", func(int) string { return "/cases?state=closed&topic=parking" }, rows},
		{"search/every-case-of-a-topic", func(int) string { return "/cases?q=regards&topic=parking" }, rows},
		{"search/a-month-six-years-ago", func(int) string {
			return "/cases?q=regards&to=" + workday.DateOf(time.Now().AddDate(-5, -6, 0)).String()
		}, rows},
		{"search/officer", func(int) string { return "/cases?officer=Priya" }, rows},
		{"search/far-down", func(int) string { return "/cases?q=boiler&page=200" }, rows},
		{"search/csv", func(int) string { return "/cases?q=boiler&as=csv" }, "reference,kind"},
		{"report/year", func(int) string { return "/report" }, "</html>"},
		{"report/month", func(int) string { return "/report?from=2025-06-01&to=2025-06-30" }, "</html>"},
	}
	for _, path := range []string{"/today", "/status", "/replies", "/returned"} {
		pages = append(pages, measuredPage{strings.Trim(path, "/"), func(int) string { return path }, "</html>"})
	}
	slices.SortStableFunc(pages, func(a, b measuredPage) int { return strings.Compare(a.name, b.name) })
	return pages
}
