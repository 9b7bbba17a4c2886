package signin

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"examlink/server/auth"
)

func TestClaims(t *testing.T) {
	c := Claims{Identity: "sub", Roles: "realm_access.roles", Operator: "ops", Proctor: "proctors", Exams: "groups", Prefix: "/exams/"}
	roles := func(names ...any) map[string]any { return map[string]any{"roles": names} }
	for what, x := range map[string]struct {
		claims map[string]any
		want   auth.Principal
		err    error
	}{
		"a proctor": {
			map[string]any{"sub": "u1", "realm_access": roles("x", "proctors"), "groups": []any{"/exams/b", "/exams/a", "/exams/a", "a", 7, "/exams/", "/exams/a b"}},
			auth.Principal{Role: auth.Proctor, Identity: "account:u1", Exams: []string{"a", "b"}}, nil,
		},
		"a proctor of nothing":  {map[string]any{"sub": "u1", "realm_access": roles("proctors")}, auth.Principal{Role: auth.Proctor, Identity: "account:u1"}, nil},
		"one exam as a text":    {map[string]any{"sub": "u1", "realm_access": roles("proctors"), "groups": "/exams/a"}, auth.Principal{Role: auth.Proctor, Identity: "account:u1", Exams: []string{"a"}}, nil},
		"an operator":           {map[string]any{"sub": "u1", "realm_access": roles("proctors", "ops")}, auth.Principal{Role: auth.Operator, Identity: "account:u1"}, nil},
		"another role":          {map[string]any{"sub": "u1", "realm_access": roles("proctor")}, auth.Principal{}, errNobody},
		"roles of another type": {map[string]any{"sub": "u1", "realm_access": map[string]any{"roles": map[string]any{"ops": true}}}, auth.Principal{}, errNobody},
		"no roles":              {map[string]any{"sub": "u1", "realm_access": "ops"}, auth.Principal{}, errNobody},
	} {
		got, err := c.principal(x.claims)
		if !reflect.DeepEqual(got, x.want) || !errors.Is(err, x.err) {
			t.Errorf("%s: %+v, %v, want %+v, %v", what, got, err, x.want, x.err)
		}
	}
	for _, id := range []any{nil, "", 7, strings.Repeat("x", 256), "a\nb", "a\u202eb"} {
		if got, err := c.principal(map[string]any{"sub": id, "realm_access": roles("ops")}); err == nil || got.Role != "" {
			t.Errorf("identity %q: %+v", id, got)
		}
	}
}

// An empty name of a role is nobody's role.
func TestRolesWithoutNames(t *testing.T) {
	c := Claims{Identity: "sub", Roles: "roles", Operator: "", Proctor: "proctors", Exams: "exams"}
	if got, err := c.principal(map[string]any{"sub": "u", "roles": ""}); !errors.Is(err, errNobody) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClaimsMustBeNamed(t *testing.T) {
	for _, c := range []Claims{
		{Roles: "r", Operator: "o"}, {Identity: "sub", Operator: "o"}, {Identity: "sub", Roles: "r"}, {Identity: "sub", Roles: "r", Proctor: "p"},
	} {
		if c.check() == nil {
			t.Errorf("%+v is complete", c)
		}
	}
}
