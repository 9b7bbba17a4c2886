package signin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"examlink/server/auth"
	"examlink/server/exam"
)

// Claims says which claims of a provider make somebody a proctor or an operator. The name
// of a claim may lead into objects, such as realm_access.roles.
type Claims struct {
	// Identity is the claim that the audit log has, such as sub.
	Identity string
	// Roles is the claim with a person's roles or groups: a text or a list of texts.
	// Whoever has Operator sees everything; whoever has Proctor sees the exams of Exams.
	Roles, Operator, Proctor string
	// Exams is the claim with the exams of a proctor, a text or a list of texts. Only
	// those that begin with Prefix count; the rest of the text is the identifier.
	Exams, Prefix string
}

// maxIdentity is how long an identity may be, in bytes; maxExams how many exams one
// person may have. Chosen by us.
const (
	maxIdentity = 255
	maxExams    = 1000
)

// errNobody says that the provider knows a person who has no role here.
var errNobody = errors.New("the account is neither a proctor's nor an operator's")

func (c Claims) check() error {
	switch {
	case c.Identity == "":
		return &OptionError{"identity_claim", "empty, expected a claim such as sub"}
	case c.Roles == "":
		return &OptionError{"roles_claim", "empty, expected a claim such as groups"}
	case c.Operator == "" && c.Proctor == "":
		return &OptionError{"proctor", "empty, expected the role of proctors here, or that of operators in operator"}
	case c.Proctor != "" && c.Exams == "":
		return &OptionError{"exams_claim", "empty, expected the claim with the exams of proctors"}
	}
	return nil
}

// complete reports whether all claims are there.
func (c Claims) complete(claims map[string]any) bool {
	for _, name := range []string{c.Identity, c.Roles, c.Exams} {
		if name != "" && find(claims, name) == nil {
			return false
		}
	}
	return true
}

// principal returns who the claims are of. The error is errNobody, or says which claim is
// not as expected.
func (c Claims) principal(claims map[string]any) (auth.Principal, error) {
	id, ok := find(claims, c.Identity).(string)
	if !ok || id == "" || len(id) > maxIdentity || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return auth.Principal{}, fmt.Errorf("claim %s: expected a printable text of 1 to %d bytes", c.Identity, maxIdentity)
	}
	who := auth.Principal{Identity: "account:" + id}
	roles := texts(find(claims, c.Roles))
	switch {
	case c.Operator != "" && slices.Contains(roles, c.Operator):
		who.Role = auth.Operator
	case c.Proctor != "" && slices.Contains(roles, c.Proctor):
		who.Role = auth.Proctor
		for _, text := range texts(find(claims, c.Exams)) {
			if id, ok := strings.CutPrefix(text, c.Prefix); ok && exam.ValidID(id) && len(who.Exams) < maxExams {
				who.Exams = append(who.Exams, id)
			}
		}
		slices.Sort(who.Exams)
		who.Exams = slices.Compact(who.Exams)
	default:
		return auth.Principal{}, errNobody
	}
	return who, nil
}

// find returns a claim; nil if it is not there. A claim whose whole name has dots comes
// before a path.
func find(claims map[string]any, name string) any {
	if v, ok := claims[name]; ok {
		return v
	}
	head, rest, more := strings.Cut(name, ".")
	if inner, ok := claims[head].(map[string]any); ok && more {
		return find(inner, rest)
	}
	return nil
}

// texts returns a text or a list of texts as a list; other values have none.
func texts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}
