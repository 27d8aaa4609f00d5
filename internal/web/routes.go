package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"postroom/internal/register"
)

// A right is something that a person may do here.
type right string

// The rights. Who has which is in rightsOf, and what needs which in routes:
// nowhere else is a role looked at.
const (
	mayLook   right = "look"   // read post, cases and replies
	mayDecide right = "decide" // say what post is, and act on cases and replies
	mayPaper  right = "paper"  // take letters in, print and post them
	mayLog    right = "log"    // write down what a resident said
	mayManage right = "manage" // read figures and rules
	mayStatus right = "status" // see whether everything runs
	mayRun    right = "run"    // see who can sign in and who is, and end it
	mayFree   right = "free"   // let files be opened that were not looked at for malware
)

// The rights of other systems, which no person has. Which has which is in
// rightsOfToken.
const (
	mayHandIn right = "hand in" // hand post in
	mayAsk    right = "ask"     // ask how what it handed in stands
	mayAskAll right = "ask all" // ask how any case stands
)

// rightsOf is the one table of who may do what.
func rightsOf(role register.Role) []right {
	switch role {
	case register.Reviewer:
		return []right{mayLook, mayDecide, mayPaper, mayLog, mayStatus}
	case register.Mailroom:
		return []right{mayPaper, mayLog, mayStatus}
	case register.Manager:
		return []right{mayLook, mayDecide, mayPaper, mayLog, mayManage, mayStatus, mayFree}
	case register.Admin:
		return []right{mayLook, mayDecide, mayPaper, mayLog, mayManage, mayStatus, mayRun, mayFree}
	case register.Auditor:
		return []right{mayLook, mayManage, mayStatus}
	}
	return nil
}

func may(role register.Role, r right) bool { return slices.Contains(rightsOf(role), r) }

// A route is a page or an action, and the right that it needs. An action is
// given its form read, unless it reads its body itself.
type route struct {
	pattern  string
	needs    right
	do       action
	again    action // shows its form with what was typed, and does nothing
	ownInput bool
	door     call // for other systems, in the place of do
}

// routes is the one table of what signed-in people can reach, and other
// systems with their tokens. It is long because it is a table, and is read with
// rightsOf above it. The public's form and signing in stand in Handler.
func (d *Desk) routes() []route {
	return []route{
		{pattern: "GET /{$}", needs: mayLook, do: d.queue},
		{pattern: "GET /today", needs: mayLook, do: d.today},
		{pattern: "GET /messages/{id}", needs: mayLook, do: d.message},
		{pattern: "GET /messages/{id}/original", needs: mayLook, do: d.original},
		{pattern: "GET /messages/{id}/html", needs: mayLook, do: d.looked},
		{pattern: "GET /messages/{id}/attachments/{n}", needs: mayLook, do: d.attachment},
		{pattern: "GET /messages/{id}/pages/{n}", needs: mayLook, do: d.pagePicture},
		{pattern: "POST /take", needs: mayDecide, do: d.takeNext},
		{pattern: "POST /messages/{id}/back", needs: mayDecide, do: d.giveBack},
		{pattern: "POST /messages/{id}/undo", needs: mayDecide, do: d.undo},
		{pattern: "POST /messages/{id}/decision", needs: mayDecide, do: d.decide, again: d.decideAgain},
		{pattern: "POST /messages/{id}/again", needs: mayDecide, do: d.reconsider},
		{pattern: "POST /messages/{id}/files", needs: mayFree, do: d.freeFiles},
		{pattern: "POST /alarms/{id}/take", needs: mayDecide, do: d.takeAlarm},

		{pattern: "GET /replies", needs: mayLook, do: d.replies},
		{pattern: "GET /replies/{id}", needs: mayLook, do: d.reply},
		{pattern: "GET /replies/{id}/raw", needs: mayLook, do: d.raw},
		{pattern: "POST /replies/{id}/ruling", needs: mayDecide, do: d.ruleReply, again: d.ruleAgain},

		{pattern: "GET /mailroom", needs: mayPaper, do: d.mailroom},
		{pattern: "POST /mailroom/uploads", needs: mayPaper, do: d.takeUpload, ownInput: true},
		{pattern: "GET /mailroom/uploads/{id}", needs: mayPaper, do: d.theUpload},
		{pattern: "POST /mailroom/uploads/{id}/files", needs: mayPaper, do: d.addFiles, ownInput: true},
		{pattern: "POST /mailroom/uploads/{id}/count", needs: mayPaper, do: d.countUpload},
		{pattern: "GET /mailroom/letters/{id}", needs: mayPaper, do: d.paperLetter},
		{pattern: "GET /mailroom/letters/{id}/pages/{n}", needs: mayPaper, do: d.paperPicture},
		{pattern: "POST /mailroom/letters/{id}/text", needs: mayPaper, do: d.typeIn, again: d.typeInAgain},
		{pattern: "POST /mailroom/letters/{id}/parts", needs: mayPaper, do: d.partFile},
		{pattern: "GET /mailroom/separators", needs: mayPaper, do: d.separators},

		{pattern: "GET /tray", needs: mayPaper, do: d.tray},
		{pattern: "POST /tray/batches", needs: mayPaper, do: d.makeBatch},
		{pattern: "GET /tray/batches/{batch}", needs: mayPaper, do: d.batch},
		{pattern: "GET /tray/batches/{batch}/pdf", needs: mayPaper, do: d.batchPDF},
		{pattern: "POST /tray/batches/{batch}/again", needs: mayPaper, do: d.printAgain},
		{pattern: "POST /tray/batches/{batch}/posted", needs: mayPaper, do: d.postBatch},
		{pattern: "POST /tray/batches/{batch}/unposted", needs: mayPaper, do: d.unpostBatch},
		{pattern: "GET /tray/letters/{id}", needs: mayPaper, do: d.letter},
		{pattern: "GET /tray/letters/{id}/pdf", needs: mayPaper, do: d.letterPDF},
		{pattern: "GET /tray/letters/{id}/pages/{n}", needs: mayPaper, do: d.letterPicture},
		{pattern: "POST /tray/letters/{id}/pull", needs: mayPaper, do: d.pullLetter},
		{pattern: "POST /tray/letters/{id}/reprint", needs: mayPaper, do: d.reprintLetter},
		{pattern: "POST /tray/letters/{id}/address", needs: mayPaper, do: d.confirmAddress},
		{pattern: "POST /tray/letters/{id}/returned", needs: mayPaper, do: d.letterReturned},
		{pattern: "GET /returned", needs: mayPaper, do: d.returned},
		{pattern: "GET /cases", needs: mayLook, do: d.search},
		{pattern: "GET /cases/{case}", needs: mayLook, do: d.showCase},
		{pattern: "GET /cases/{case}/answers/{id}", needs: mayLook, do: d.answerFile},
		{pattern: "GET /cases/{case}/{do}", needs: mayDecide, do: d.deed},
		{pattern: "POST /cases/{case}/{do}", needs: mayDecide, do: d.doDeed, again: d.deedAgain, ownInput: true},
		{pattern: "POST /cases/{case}/file", needs: mayDecide, do: d.caseFile},
		{pattern: "POST /cases/{case}/actions/{id}/done", needs: mayDecide, do: d.actionDone},
		{pattern: "GET /contact", needs: mayLog, do: d.logContact},
		{pattern: "POST /contact", needs: mayLog, do: d.keepContact, again: d.contactAgain},

		{pattern: "GET /report", needs: mayManage, do: d.report},
		{pattern: "GET /rules", needs: mayManage, do: d.rulesInForce},
		{pattern: "POST /rules", needs: mayManage, do: d.tryRules},
		{pattern: "GET /status", needs: mayStatus, do: d.status},
		{pattern: "GET /help", needs: mayStatus, do: d.help}, // which everybody has
		{pattern: "POST /help", needs: mayStatus, do: d.keepKeys},
		{pattern: "GET /sessions", needs: mayStatus, do: d.mySessions},
		{pattern: "POST /sessions/{id}/end", needs: mayStatus, do: d.endMySession},
		{pattern: "POST /sessions/others", needs: mayStatus, do: d.endMyOthers},
		{pattern: "GET /password", needs: mayStatus, do: d.ownPassword}, // which everybody has
		{pattern: "POST /password", needs: mayStatus, do: d.changePassword},
		{pattern: "GET /people", needs: mayRun, do: d.people},
		{pattern: "POST /people/{id}", needs: mayRun, do: d.switchAccount},
		{pattern: "POST /people/sessions/{id}/end", needs: mayRun, do: d.endSession},

		{pattern: "POST /api/v1/messages", needs: mayHandIn, door: d.handIn},
		{pattern: "GET /api/v1/cases/{reference}", needs: mayAsk, door: d.tell},
	}
}

// guarded lets in whoever has the route's right.
func (d *Desk) guarded(rt route) http.HandlerFunc {
	inside := d.staff(func(w http.ResponseWriter, r *http.Request, who register.Account) {
		if may(who.Role, rt.needs) {
			rt.do(w, r, who)
			return
		}
		if rt.pattern == "GET /{$}" { // everybody's first page
			http.Redirect(w, r, firstPage(who.Role), http.StatusSeeOther)
			return
		}
		d.c.Logger.WarnContext(r.Context(), "a page was refused", slog.String("account_id", who.ID), slog.String("role", string(who.Role)), slog.String("page", rt.pattern))
		d.problem(w, r, http.StatusForbidden, "Not for your role",
			"You are signed in as "+string(who.Role)+", which does not open this. A manager can ask the operator to change that. Nothing was done.")
	})
	if !strings.HasPrefix(rt.pattern, "POST ") || rt.ownInput {
		return inside
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if d.readForm(w, r) {
			inside(w, r)
		}
	}
}

// An entry is a line of the main menu.
type entry struct {
	Path, Name, Key string
	Count           int
	needs           right
	rare            bool // not a part of every day's work
}

// menu lists what the person's role can open.
func (f frame) menu() []entry {
	all := []entry{
		{Path: "/", Name: "Review queue", Key: "queue", Count: f.Status.InReview, needs: mayLook},
		{Path: "/today", Name: "Today's post", Key: "today", rare: true, needs: mayLook},
		{Path: "/cases", Name: "Cases", Key: "cases", needs: mayLook},
		{Path: "/replies", Name: "Replies", Key: "replies", Count: f.Status.Held + f.Status.Failed + f.Status.Uncertain, needs: mayLook},
		{Path: "/mailroom", Name: "Mailroom", Key: "mailroom", Count: f.Status.PaperWork, needs: mayPaper},
		{Path: "/tray", Name: "Print tray", Key: "tray", Count: f.Status.ToPrint, needs: mayPaper},
		{Path: "/contact", Name: "Log a contact", Key: "contact", needs: mayLog},
		{Path: "/report", Name: "Report", Key: "report", rare: true, needs: mayManage},
		{Path: "/rules", Name: "Rules", Key: "rules", rare: true, needs: mayManage},
		{Path: "/status", Name: "Status", Key: "status", rare: true, needs: mayStatus},
		{Path: "/people", Name: "People", Key: "people", rare: true, needs: mayRun},
	}
	return slices.DeleteFunc(all, func(e entry) bool { return !may(f.Officer.Role, e.needs) })
}

// shownEntries is how many entries fit in one line on a laptop's window, with
// their numbers.
const shownEntries = 7

// mainMenu is the menu as it is shown: where it is long, what is rare is put
// together under More.
func (f frame) mainMenu() (shown, more []entry) {
	all := f.menu()
	for _, e := range all {
		if e.rare && len(all) > shownEntries {
			more = append(more, e)
		} else {
			shown = append(shown, e)
		}
	}
	return shown, more
}

// firstPage is where a role starts.
func firstPage(role register.Role) string {
	if all := (frame{Officer: register.Account{Role: role}}).menu(); len(all) > 0 {
		return all[0].Path
	}
	return "/status"
}
