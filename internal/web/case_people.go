package web

import (
	"context"
	"slices"
	"strings"

	"postroom/internal/paper"
	"postroom/internal/register"
)

// peopleDeeds are about who belongs to a case, who gets the replies, and what
// the resident needs.
func peopleDeeds() []deed {
	return []deed{handlerDeed(), personDeed(), repliesDeed(), addressDeed(), needsDeed(), sameDeed()}
}

// unmerged is a deed of every case that is no signpost.
func unmerged(f *caseFacts) (bool, string) { return f.MergedInto == "", "" }

// handlerDeed says which officer has the case.
func handlerDeed() deed {
	return deed{
		name: "handler", group: "people", title: func(f *caseFacts) string {
			if f.Handler() == "" {
				return "Say who has the case"
			}
			return "Give the case to somebody else"
		}, button: "Give it to them", blame: "to",
		about: "Stage 2 goes to somebody who did not have the case at stage 1.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			names := f.officers()
			options := make([]option, len(names))
			for i, name := range names {
				options[i] = option{Value: name, Name: name}
			}
			all := []field{f.choice("select", "to", "Who has it from now on?", "", f.who.Name, options...)}
			if f.Handler() != "" {
				all = append(all, f.reason("Why it goes from "+f.Handler()+" to somebody else", ""))
			}
			return all
		},
		read: func(f *deedForm) plan {
			a := register.Assigning{Case: f.ID, By: f.who.Name, To: f.chosen("to", "Choose who has it", f.officers()...), Reason: f.get("reason", "")}
			f.must(f.Handler() == "" || a.Reason != "", "reason", "Say why it goes to somebody else")
			f.must(within(a.Reason, mostReason), "reason", "Say it in at most 2,000 characters")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) { return nil, f.d.c.Register.Assign(ctx, a) }}
		},
	}
}

// officers are the names of those who may work on cases.
func (f *deedForm) officers() (names []string) {
	all, err := f.d.c.Register.Accounts(f.r.Context())
	f.must(err == nil, "to", "The register could not be asked who works here. Try again")
	for _, a := range all {
		if a.DisabledAt.IsZero() && may(a.Role, mayDecide) {
			names = append(names, a.Name)
		}
	}
	return names
}

func personDeed() deed {
	return deed{
		name: "person", group: "people", title: says("Add or change a person"), button: "Write it down", blame: "address",
		about: "Mail from their address belongs to the case then. Whoever acts for the resident gets our replies only with authority; until it is shown we write to the resident, and the clocks do not wait.",
		offer: unmerged,
		fields: func(f *deedForm) []field {
			p := f.personNamed(f.r.URL.Query().Get("address"))
			return []field{
				f.kind("email", "address", "Email address", "An address that is known already is changed.", p.Address.Address),
				f.text("name", "Name", "", p.Address.Name),
				f.choice("radio", "role", "Who are they?", "", string(p.Role),
					option{Value: string(register.TheResident), Name: roleName(register.TheResident), Hint: "what they need, and their other cases, come with them"},
					option{Value: string(register.ActsForResident), Name: roleName(register.ActsForResident)},
					option{Value: string(register.OurOfficer), Name: roleName(register.OurOfficer)}),
				f.text("authority", "How they showed that they may act", "For somebody who acts for the resident: such as “signed letter of 10 November”. Empty: not shown.", p.Authority),
			}
		},
		read: func(f *deedForm) plan {
			p := register.Person{
				Address: register.Address{Name: oneLine(f.get("name", "")), Address: f.email("address", "Give an email address such as name@example.com")}, Authority: oneLine(f.get("authority", "")),
				Role: register.PersonRole(f.chosen("role", "Choose who they are", string(register.TheResident), string(register.ActsForResident), string(register.OurOfficer))),
			}
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.SetPerson(ctx, f.ID, p, f.who.Name)
			}}
		},
	}
}

func (f *caseFacts) personNamed(address string) register.Person {
	i := slices.IndexFunc(f.People, func(p register.Person) bool { return p.Address.Address == address })
	if i < 0 {
		return register.Person{}
	}
	return f.People[i]
}

// byPost is the choice of letters in place of one of the people.
const byPost = "post"

// repliesDeed says who gets the replies from now on, and how.
func repliesDeed() deed {
	return deed{
		name: "replies-to", group: "people", title: says("Change who gets our replies"), button: "Change it", blame: "to",
		about: "Replies that are owed already follow. Add a person first if they are not in the list.",
		offer: unmerged,
		fields: func(f *deedForm) []field {
			var all []option
			for _, p := range f.People {
				if p.Role != register.OurOfficer {
					all = append(all, option{Value: p.Address.Address, Name: who(p.Address) + ", by email", Hint: roleName(p.Role)})
				}
			}
			all = append(all, option{Value: byPost, Name: "By letter, to the address below"})
			first := f.Correspondent.Address
			if f.Way() == register.ByLetter {
				first = byPost
			}
			return []field{
				f.choice("radio", "to", "Who, and how?", "", first, all...),
				f.area("postal", "Name and address on the envelope", "For letters: a line each, the name first.", strings.Join(f.Addressee(), "\n"), 6), f.reason("Why", ""),
			}
		},
		read: func(f *deedForm) plan {
			s := register.Correspondence{Case: f.ID, By: f.who.Name, Channel: register.Email, Postal: f.Postal, Reason: f.words("reason", "Say why")}
			to := f.get("to", "")
			if to == byPost {
				s.Channel, s.To.Address = register.Letter, f.Correspondent.Address
				s.To.Name, s.Postal = f.envelope()
			} else {
				p := f.personNamed(to)
				f.must(p.Address.Address != "", "to", "Choose who gets the replies")
				s.To = p.Address
			}
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.SetCorrespondent(ctx, s)
			}}
		},
	}
}

// envelope reads a name and an address that can stand on an envelope.
func (f *deedForm) envelope() (name string, postal []string) {
	all := f.lines("postal")
	if len(all) < 2 {
		f.must(false, "postal", "Give the name, and below it the address, a line each")
		return "", nil
	}
	_, err := paper.Address(all)
	if err != nil {
		f.must(false, "postal", capital(err.Error()))
	}
	return all[0], all[1:]
}

func addressDeed() deed {
	return deed{
		name: "address", group: "people", title: says("Confirm the postal address"), button: "The address is right", blame: "postal",
		about: "You have compared it with what they wrote, or found a better one. Letters that wait for it, or came back, are owed anew; their deadlines stay.",
		offer: func(f *caseFacts) (bool, string) {
			return f.MergedInto == "" && (f.Way() == register.ByLetter || len(f.Postal) > 0), ""
		},
		fields: func(f *deedForm) []field {
			return []field{f.area("postal", "Name and address on the envelope", "A line each, the name first.", strings.Join(f.Addressee(), "\n"), 6)}
		},
		read: func(f *deedForm) plan {
			name, postal := f.envelope()
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.ConfirmAddress(ctx, f.ID, name, postal, f.who.Name)
			}}
		},
	}
}

// needsDeed is what the resident needs done differently (Code 5.10).
func needsDeed() deed {
	return deed{
		name: "needs", group: "people", title: says("What the resident needs"), button: "Write it down", blame: "language",
		about: "It stays with the resident, in all of their cases. What is owed to them and has not begun to go follows at once.",
		offer: func(f *caseFacts) (bool, string) {
			if f.Resident == nil {
				return f.MergedInto == "", "say first who the resident is"
			}
			return f.MergedInto == "", ""
		},
		fields: func(f *deedForm) []field {
			a := register.Adjustments{}
			if f.Resident != nil {
				a = f.Resident.Adjustments
			}
			return []field{
				f.check("large", "Large print", "Letters in 18 point.", a.LargePrint), f.check("phone", "Ring, do not write", "Nothing is written: every reply waits for somebody who rings.", a.PhoneOnly),
				f.text("language", "What they read best", "Empty for English, else a language tag such as cy or pl. Replies that Postroom cannot write in it wait for a person.", a.Language),
				f.kind("email", "safe", "The only address that is safe to write to", "For somebody who is watched at home. Empty: any address.", a.SafeContact), f.area("note", "Anything else", "For officers: such as “calls after 15:00”.", a.Note, 3),
			}
		},
		read: func(f *deedForm) plan {
			a := register.Adjustments{LargePrint: f.get("large", "") != "", PhoneOnly: f.get("phone", "") != "", Language: f.get("language", ""), Note: f.get("note", "")}
			if f.get("safe", "") != "" {
				a.SafeContact = f.email("safe", "Give an email address such as name@example.com, or leave it empty")
			}
			f.must(len(a.Language) <= 35 && !strings.ContainsAny(a.Language, " \t\n<>&\"'"), "language", "Give a language tag such as cy or pl")
			f.must(within(a.Note, mostReason), "note", "Say it in at most 2,000 characters")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.SetAdjustments(ctx, f.Case.Resident, a, f.who.Name)
			}}
		},
	}
}

// sameDeed says that another case is the same resident's.
func sameDeed() deed {
	return deed{
		name: "same-resident", group: "people", title: says("Another case is the same resident’s"), button: "They are the same", blame: "other",
		about: "What is known of either is known of both then: their addresses, their cases and what they need. It cannot be undone here.",
		offer: func(f *caseFacts) (bool, string) {
			if f.Resident == nil {
				return f.MergedInto == "", "say first who the resident is"
			}
			return f.MergedInto == "", ""
		},
		fields: func(f *deedForm) []field { return []field{f.otherField("Reference of a case of theirs", "")} },
		read: func(f *deedForm) plan {
			other := f.other()
			f.must(other.ID == "" || other.Resident != "", "other", "Nobody has said yet who the resident of that case is")
			f.must(other.ID == "" || other.Resident != f.Case.Resident, "other", "It is known already that both are the same resident’s")
			return plan{then: "?same=" + other.ID, do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.SameResident(ctx, f.Case.Resident, other.Resident, f.who.Name)
			}}
		},
	}
}
