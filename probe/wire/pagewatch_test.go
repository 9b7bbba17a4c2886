package wire

import (
	"math"
	"strings"
	"testing"
)

func TestPresentIsBounded(t *testing.T) {
	away := func(a Away) Present { return Present{Away: []Away{a}} }
	for name, c := range map[string]struct {
		p    Present
		want string // empty: valid
	}{
		"nothing":           {Present{}, ""},
		"all":               {Present{After: 7, Record: "R", Taken: 3, Away: []Away{{WhyAsleep, 60, 2}, {WhyOffline, 1, 1}}}, ""},
		"a point below 0":   {Present{After: -1}, "number of a point"},
		"too many absences": {Present{Away: make([]Away, MaxAbsences+1)}, "at most 16"},
		"another reason":    {away(Away{"bored", 2, 1}), `"bored"`},
		"backwards":         {away(Away{WhyClosed, 1, 2}), "from 1 to 2"},
		"in the future":     {away(Away{WhyClosed, 1, -1}), "to -1"},
		"too long ago":      {away(Away{WhyClosed, MaxAgo + 1, 0}), "86400"},
		"no number":         {away(Away{WhyClosed, math.NaN(), 0}), "NaN"},
	} {
		switch err := c.p.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
