package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server/alert"
	"examlink/server/event"
	"examlink/server/session"
)

// decisiveShare of the minimum: one reading below it counts, others once there are two in
// a row. As in package alert.
const decisiveShare = 0.9

// follower follows one session by its events.
type follower struct {
	event.Session
	since    time.Time // when its state began
	opened   uint64    // the number of the event that opened it: the newest session of a student counts
	up, down direction
	minute   event.Minute       // the latest
	warnings map[string]Warning // of the server, by identifier
}

// direction is what is known of one direction of a link.
type direction struct {
	rate  session.Rate
	low   int  // readings below the minimum in a row
	below bool // of the minimum
}

// read takes a reading.
func (d *direction) read(r session.Rate, minimum ippm.Rate) {
	d.rate = r
	switch r.Against(minimum) {
	case session.BelowBound:
		d.low++
		d.below = d.below || d.low > 1 || r.High != nil && *r.High < decisiveShare*float64(minimum)
	case session.MeetsBound:
		d.low, d.below = 0, false
	}
}

// shown returns the rate as a row has it; nil: none yet.
func (d direction) shown(minimum, recommended ippm.Rate) *Rate {
	if d.rate.At.IsZero() {
		return nil
	}
	return &Rate{
		Value: d.rate.Value, Low: d.rate.Low, High: d.rate.High, At: d.rate.At,
		Minimum: d.rate.Against(minimum), Recommended: d.rate.Against(recommended),
	}
}

// take takes an event of the session.
func (f *follower) take(e event.Event, p verdict.Policy) {
	x, warns := e.Payload.(event.Warning)
	if warns { // it says less of the session than others do
		f.warn(x)
		return
	}
	if f.State != e.Session.State {
		f.since = e.At
	}
	f.Session = e.Session
	switch x := e.Payload.(type) {
	case event.Reading:
		if x.Measures && x.Report.Direction == wire.Up {
			f.up.read(session.RateOf(x.Report, e.At), p.Minimum.Upload)
		}
	case event.Claim:
		f.down.read(session.RateOf(x.Report, e.At), p.Minimum.Download)
	case event.Report:
		if x.Minute != nil {
			f.minute = *x.Minute
		}
	}
}

// warn takes a warning of the server. Those of silences are left out: the state says it.
func (f *follower) warn(w event.Warning) {
	switch alert.Kind(w.Name) {
	case alert.Suspect, alert.Dropped, alert.ExamRelevant:
		return
	}
	if w.Active {
		f.warnings[w.ID] = Warning{Kind: w.Name, Direction: w.Direction, By: byServer, Since: w.Since}
	} else {
		delete(f.warnings, w.ID)
	}
}

// row returns the row of the session.
func (f *follower) row(p verdict.Policy) Row {
	r := Row{
		Exam: f.Exam, Student: f.Student, Since: f.since, Session: f.ID, Purpose: f.Purpose, Transport: f.Transport,
		Download: f.down.shown(p.Minimum.Download, p.Recommended.Download), Upload: f.up.shown(p.Minimum.Upload, p.Recommended.Upload),
		RoundTrip: f.minute.RoundTrip, LossUp: f.minute.LossUp, LossDown: f.minute.LossDown, Warnings: f.open(),
	}
	var class int64
	r.State, class = f.judge(r)
	if r.State == Suspect || r.State == Dropped {
		r.Since, r.LastPacket = f.LastPacket, f.LastPacket
	} else if at := oldest(r.Warnings); class == classBelowMinimum && !at.IsZero() {
		r.Since = at
	}
	r.Rank = rank(class, len(r.Warnings), r.Since)
	return r
}

// judge returns the state of the row of a session, and its class.
func (f *follower) judge(r Row) (State, int64) {
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(r.Warnings, func(w Warning) bool { return slices.Contains(kinds, w.Kind) })
	}
	short := func(rate *Rate) bool { return rate != nil && rate.Recommended == session.BelowBound }
	measured := f.Transport == string(link.UDP) // TCP shapes what it carries: its rates are not the link's
	switch state := session.State(f.State); {
	case state == session.ExamRelevant:
		return Dropped, classExamRelevant
	case state == session.Dropped:
		return Dropped, classDropped
	case state == session.Suspect:
		return Suspect, classSuspect
	case f.Purpose == session.PurposeCheck:
		return Testing, classTesting
	case has(belowMinimum...), measured && (f.up.below || f.down.below):
		return BelowMinimum, classBelowMinimum
	case has(string(warning.BelowRecommended)), measured && (short(r.Download) || short(r.Upload)):
		return BelowRecommended, classBelowRecommended
	case len(r.Warnings) > 0:
		return BelowRecommended, classWarned
	case r.Download == nil && r.Upload == nil:
		return Testing, classTesting
	}
	return Good, classGood
}

// belowMinimum are the warnings of a link that is worse than the minimum.
var belowMinimum = []string{
	string(alert.BelowMinimum), string(warning.DownloadBelowMinimum), string(warning.UploadBelowMinimum),
	string(warning.Delay), string(warning.DelayVariation), string(warning.Loss), string(warning.Outage),
}

// open returns the open warnings, the oldest first.
func (f *follower) open() []Warning {
	list := make([]Warning, 0, len(f.warnings)+len(f.Claimed))
	for _, w := range f.warnings {
		list = append(list, w)
	}
	for _, c := range f.Claimed {
		list = append(list, Warning{Kind: string(c.Kind), By: byStudent, Since: c.Since, Cause: string(c.Cause)})
	}
	slices.SortFunc(list, func(a, b Warning) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.By, b.By), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Direction, b.Direction))
	})
	return list
}

func oldest(list []Warning) time.Time {
	if len(list) == 0 {
		return time.Time{}
	}
	return list[0].Since
}
