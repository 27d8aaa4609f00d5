package web

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// mostSaved bounds a saved search, in rows.
const mostSaved = 10_000

// searchCSV saves what a search finds as a table.
func (d *Desk) searchCSV(w http.ResponseWriter, r *http.Request, who register.Account, s register.Search) {
	page := searchPage{Q: strings.TrimSpace(r.URL.Query().Get("q"))}
	s.N, s.Skip = mostSaved, 0
	found, _, _, _, err := d.look(r, &page, s)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a search was saved", slog.String("account_id", who.ID), slog.Int("rows", len(found)))
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="cases-`+workday.DateOf(d.c.Now()).String()+`.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"reference", "kind", "stage", "state", "received", "due", "channel", "topics", "handled_by", "name", "address", "about"})
	for _, f := range found {
		if err := out.Write(savedRow(f)); err != nil {
			return // the browser went away
		}
	}
	out.Flush()
}

func savedRow(f register.Found) []string {
	kind, due := string(f.Kind), ""
	if kind == "" {
		kind = "message"
	}
	if !f.Due.IsZero() {
		due = f.Due.String()
	}
	if f.Private {
		f.Place, f.About = "", "(not shown in lists)"
	}
	row := []string{
		f.Reference, kind, strconv.Itoa(f.Stage), string(f.State), f.ReceivedAt.In(workday.London()).Format("2006-01-02 15:04"), due,
		string(f.Channel), strings.Join(f.Topics, " "), f.Officer, f.Who, f.Place, f.About,
	}
	for i, cell := range row {
		row[i] = harmless(cell)
	}
	return row
}

// harmless keeps a spreadsheet from taking a stranger's words for a formula
// (OWASP, CSV injection).
func harmless(cell string) string {
	cell = strings.Join(strings.Fields(cell), " ")
	if cell != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}
