package exam_test

import (
	"reflect"
	"testing"

	"examlink/server/exam"
	"examlink/server/store"
)

func TestCompareRosters(t *testing.T) {
	now := []store.Student{{ID: "a", Contact: "a@example.edu"}, {ID: "b", Group: "A"}, {ID: "c"}, {ID: "e", Site: "home"}}
	next := []store.Student{{ID: "a", Contact: "z@example.edu"}, {ID: "b", Group: "A"}, {ID: "d"}, {ID: "e", Group: "A"}}
	want := exam.Changes{
		Added: []string{"d"}, Removed: []string{"c"}, Unchanged: 1,
		Changed: []exam.ChangedFields{{Student: "a", Fields: []string{"contact"}}, {Student: "e", Fields: []string{"group", "site"}}},
	}
	if got := exam.CompareRosters(now, next); !reflect.DeepEqual(got, want) || got.None() {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := exam.CompareRosters(now, now); !got.None() || got.Unchanged != len(now) {
		t.Errorf("the same: %+v", got)
	}
}

func TestRosterVersion(t *testing.T) {
	one := []store.Student{{ID: "a", Contact: "a@example.edu"}, {ID: "b"}}
	version := exam.RosterVersion(one)
	if exam.RosterVersion([]store.Student{one[1], one[0]}) != version {
		t.Error("the order changes the version")
	}
	for _, other := range [][]store.Student{nil, one[:1], {{ID: "a", Contact: "b@example.edu"}, {ID: "b"}}, {{ID: "a", Group: "a@example.edu"}, {ID: "b"}}} {
		if exam.RosterVersion(other) == version {
			t.Errorf("%#v has the same version", other)
		}
	}
}
