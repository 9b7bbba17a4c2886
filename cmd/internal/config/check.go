package config

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"examlink/probe/plan"
	"examlink/server/acme"
	"examlink/server/alert"
	"examlink/server/delivery"
	"examlink/server/exam"
)

// orEmpty, after the name of a form, accepts the empty text too.
const orEmpty = " or empty"

// forms validate texts, by name. Their errors must not contain secrets.
var forms = map[string]func(string) error{
	"host:port": func(s string) error { // to listen on: port 0 is any
		_, port, err := net.SplitHostPort(s)
		if err != nil {
			return fmt.Errorf("%q, expected host:port", s)
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("%q, expected a port from 0 to 65535", s)
		}
		return nil
	},
	"public host:port": exam.CheckAddress,
	"URL":              delivery.CheckAlertmanagerURL,
	"https URL":        delivery.CheckURL,
	"host name":        acme.CheckHost,
	"e-mail address":   checkEmail,
	"directory URL":    checkDirectory,
	"https address":    checkWebAddress,
	"secret":           delivery.CheckSecret,
	"PostgreSQL URL":   checkPostgresURL,
	"kind": func(s string) error {
		if !slices.Contains(alert.Kinds(), alert.Kind(s)) {
			return fmt.Errorf("%q, expected one of %q", s, alert.Kinds())
		}
		return nil
	},
}

// check checks a key, or the keys in a section, against the bounds of their tags.
// It refuses zero where the programs would replace it with a default.
func (n *node) check(key string, v reflect.Value, found *problems) {
	switch n.shape {
	case section:
		for _, c := range n.children {
			c.check(join(key, c.name), c.of(v), found)
		}
	case items:
		for i := range v.Len() {
			for _, c := range n.children {
				c.check(join(at(key, i), c.name), c.of(v.Index(i)), found)
			}
		}
	case texts:
		for i := range v.Len() {
			n.checkText(at(key, i), v.Index(i).String(), found)
		}
	case value:
		switch {
		case n.kind == text:
			n.checkText(key, v.String(), found)
		case n.kind.ordered && !n.contains(number(v)):
			found.add(key, "%s, expected %s", n.kind.format(v), n.expectation())
		}
	}
}

func (n *node) contains(x float64) bool {
	above := n.low == nil || x > n.low.value || x == n.low.value && !n.low.open
	return above && (n.high == nil || x <= n.high.value)
}

func (n *node) checkText(key, s string, found *problems) {
	if len(n.oneOf) > 0 && !slices.Contains(n.oneOf, s) {
		found.add(key, "%q, expected one of %q", s, n.oneOf)
	}
	form, optional := strings.CutSuffix(n.form, orEmpty)
	if check := forms[form]; check != nil && (!optional || s != "") {
		if err := check(s); err != nil {
			found.add(key, "%v", err)
		}
	}
}

// expectation describes the permitted values; empty if there are no bounds.
func (n *node) expectation() string {
	switch low, high := n.low, n.high; {
	case len(n.oneOf) > 0:
		return strings.Join(n.oneOf, ", ")
	case low == nil && high != nil:
		return "at most " + high.text
	case low == nil:
		return n.form
	case low.open && high != nil:
		return "above " + low.text + " and at most " + high.text
	case low.open:
		return "above " + low.text
	case high != nil:
		return low.text + " to " + high.text
	default:
		return low.text + " or more"
	}
}

// checkTogether reports values that contradict each other.
func (f File) checkTogether(found *problems) {
	for i, p := range f.Policies {
		if err := p.Check(); err != nil {
			found.add(at("policies", i), "%v", err)
		}
	}
	if _, err := f.SelectedPolicy(); err != nil {
		found.add("policy", "%v", err)
	}
	c := f.Client
	if err := exam.CheckAddress(c.Server); forms["host:port"](c.Server) == nil && err != nil {
		found.add("client.server", "%v", err)
	}
	if c.LossAfter <= c.Interval {
		found.add("client.loss_after", "%v, expected more than client.interval", c.LossAfter)
	}
	_, err := f.ExamWindow()
	for _, e := range fieldErrors(err) {
		found.add("client.exam."+e.Field, "%s", e.Problem)
	}
	if c.Watch.RedialAfter < c.Watch.SilentAfter {
		found.add("client.watch.redial_after", "%v, expected client.watch.silent_after or more", c.Watch.RedialAfter)
	}
	s := f.Server
	if (s.Certificate == "") != (s.Key == "") {
		found.add("server.certificate", "expected to be set together with server.key")
	}
	s.ACME.check(s, found)
	if q := s.Silence; !q.Ordered() {
		found.add("server.silence", "%v, %v, %v, %v, expected 0 < suspect < dropped < exam_relevant < forget", q.Suspect, q.Dropped, q.ExamRelevant, q.Forget)
	}
	f.Store.check(found)
	f.checkBoard(found)
	names := map[string]bool{}
	for i, w := range s.Alerts.Webhooks {
		key := at("server.alerts.webhooks", i)
		if !delivery.ReceiverName.MatchString(w.Name) || w.Name == delivery.AlertmanagerName || names[w.Name] {
			found.add(key+".name", "%q, expected a unique name of lower-case letters, digits and hyphens", w.Name)
		}
		names[w.Name] = true
		if (w.Secret == "") == (w.SecretFile == "") {
			found.add(key+".secret", "expected either this or secret_file")
		}
		if (w.URL == "") == (w.URLFile == "") {
			found.add(key+".url", "expected either this or url_file")
		}
	}
	if m := s.Alerts.Alertmanager; m.Password != "" && m.PasswordFile != "" || (m.Username == "") != (m.Password+m.PasswordFile == "") {
		found.add("server.alerts.alertmanager.username", "expected together with either password or password_file")
	}
}

// fieldErrors lists the errors of a window.
func fieldErrors(err error) (out []*plan.FieldError) {
	var e *plan.FieldError
	switch joined := err.(type) { //nolint:errorlint // the tree is walked, not searched
	case interface{ Unwrap() []error }:
		for _, err := range joined.Unwrap() {
			out = append(out, fieldErrors(err)...)
		}
	default:
		if errors.As(err, &e) {
			out = append(out, e)
		}
	}
	return out
}
