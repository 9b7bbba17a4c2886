package plan

import (
	"errors"
	"fmt"
	"time"
)

// MaxLength is the maximum length of an exam: anything longer is a typing
// error.
const MaxLength = 24 * time.Hour

// Window is the time of an exam, from Start until before End. Both are
// instants, shown in Zone. The zero Window is an exam without a known time.
type Window struct {
	Start, End time.Time
	Zone       *time.Location
}

// FieldError is the error in one field of a window: start, end or zone.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// IsZero reports whether the exam's time is unknown.
func (w Window) IsZero() bool { return w.Start.IsZero() }

// NewWindow makes a window from two instants. Without a zone they are shown in
// UTC. The error joins a FieldError for each problem.
func NewWindow(start, end time.Time, zone string) (Window, error) {
	loc := time.UTC
	if zone != "" {
		var err error
		if loc, err = loadZone(zone); err != nil {
			return Window{}, err
		}
	}
	return newWindow(start, end, loc)
}

func newWindow(start, end time.Time, loc *time.Location) (Window, error) {
	w := Window{start.In(loc), end.In(loc), loc}
	switch length := end.Sub(start); {
	case length <= 0:
		return Window{}, &FieldError{"end", fmt.Sprintf("%s, expected after the start, %s", w.End.Format(time.RFC3339), w.Start.Format(time.RFC3339))}
	case length > MaxLength:
		return Window{}, &FieldError{"end", fmt.Sprintf("%v after the start, expected at most %v", length, MaxLength)}
	}
	return w, nil
}

// ParseWindow parses a window as people write it: local times such as
// "2026-11-30T09:00" with the name of their zone, such as "America/Denver", or
// RFC 3339 times with their offset. A local time that clocks skip or show twice
// is an error. Three empty texts give the zero Window. The error joins a
// FieldError for each problem.
func ParseWindow(start, end, zone string) (Window, error) {
	if start == "" && end == "" && zone == "" {
		return Window{}, nil
	}
	var problems []error
	var loc *time.Location
	if zone != "" {
		var err error
		if loc, err = loadZone(zone); err != nil {
			problems = append(problems, err)
		}
	}
	read := func(field, text string) (t time.Time) {
		if zone != "" && loc == nil {
			return t // cannot be checked without its zone
		}
		t, err := parseTime(text, loc)
		if err != nil {
			problems = append(problems, &FieldError{field, err.Error()})
		}
		return t
	}
	s, e := read("start", start), read("end", end)
	if len(problems) > 0 {
		return Window{}, errors.Join(problems...)
	}
	if loc == nil {
		loc = s.Location()
	}
	return newWindow(s, e, loc)
}

const zoneForm = `the name of a time zone, such as "America/Denver"`

func loadZone(name string) (*time.Location, error) {
	// "Local" would differ between computers.
	if loc, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return loc, nil
	}
	return nil, &FieldError{"zone", fmt.Sprintf("%q, expected %s", name, zoneForm)}
}

var (
	offsetForms = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"}
	localForms  = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"}
)

// parseTime parses one time; loc is nil if no zone was named.
func parseTime(text string, loc *time.Location) (time.Time, error) {
	for _, form := range offsetForms {
		if t, err := time.Parse(form, text); err == nil {
			if loc == nil {
				// Parse uses this computer's zone if the offset fits.
				_, offset := t.Zone()
				loc = time.FixedZone(t.Format("Z07:00"), offset)
				if offset == 0 {
					loc = time.UTC
				}
			}
			return t.In(loc), nil
		}
	}
	for _, form := range localForms {
		wall, err := time.Parse(form, text)
		switch {
		case err != nil:
			continue
		case loc == nil:
			return time.Time{}, fmt.Errorf("%q has no offset; name its zone, or write it as %q", text, wall.Format("2006-01-02T15:04")+"-07:00")
		}
		return resolve(wall, loc)
	}
	return time.Time{}, fmt.Errorf(`%q, expected a local time such as "2026-11-30T09:00", or one with its offset such as "2026-11-30T09:00-07:00"`, text)
}

// resolve returns the single instant at which the clocks of a zone show wall,
// which is expressed as if it were UTC.
func resolve(wall time.Time, loc *time.Location) (time.Time, error) {
	const form, reach = "2006-01-02T15:04", 26 * time.Hour // no zone is further from UTC
	const offsetForm = "2006-01-02T15:04Z07:00"
	var found []time.Time
	var change time.Time
	for t := wall.Add(-reach).In(loc); ; {
		_, offset := t.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(loc)
		if _, o := at.Zone(); o == offset {
			found = append(found, at)
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || end.After(wall.Add(reach)) {
			break
		}
		change, t = end, end.In(loc)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return time.Time{}, fmt.Errorf("%s does not exist in %s, where clocks go from %s straight to %s; expected a time that does", wall.Format(form), loc,
			change.Add(-time.Second).In(loc).Format("15:04:05"), change.In(loc).Format(offsetForm))
	}
	return time.Time{}, fmt.Errorf("%s comes twice in %s, where clocks are set back; expected it with its offset, %s or %s", wall.Format(form), loc,
		found[0].Format(offsetForm), found[1].Format(offsetForm))
}
