package wire

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func joinToken(claims string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"EdDSA","typ":"JWT"}`) + "." + part(claims) + "." + part("a signature that only the server checks")
}

func TestReadJoinToken(t *testing.T) {
	want := JoinToken{
		ID: "t1", Exam: "msds-5001", Student: "s-0017", Servers: []string{"exam.example.edu:8443", "192.0.2.1:8443"},
		Fingerprint: base64.RawURLEncoding.EncodeToString(append(make([]byte, 31), 0xff)),
		Policy:      "default", NotBefore: 1777000000, Expires: 1777300000,
		Starts: 1777250000, Ends: 1777278200, Zone: "America/Denver",
	}
	claims, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{joinToken(string(claims)), "  " + joinToken(string(claims)) + "\r\n"} {
		got, err := ReadJoinToken(s)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if pin, err := want.Pin(); err != nil || pin != [32]byte{31: 0xff} {
		t.Errorf("pin %x, %v", pin, err)
	}
	if at := want.ExpiresAt(); !at.Equal(time.Date(2026, 4, 27, 14, 26, 40, 0, time.UTC)) {
		t.Errorf("expires at %v", at)
	}
}

func TestJoinTokenWithoutFingerprint(t *testing.T) {
	token, err := ReadJoinToken(joinToken(`{"srv":["a:1"],"later":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if pin, err := token.Pin(); err != nil || pin != [32]byte{} {
		t.Errorf("pin %x, %v, want none", pin, err)
	}
}

func TestReadJoinTokenErrors(t *testing.T) {
	good := joinToken(`{"srv":["a:1"]}`)
	if _, err := ReadJoinToken(good); err != nil {
		t.Fatal(err)
	}
	dot := strings.Index(good, ".")
	for _, c := range []struct{ name, token, want string }{
		{"nothing", "", "1 parts"},
		{"a word", "token", "1 parts"},
		{"two parts", good[:strings.LastIndex(good, ".")], "2 parts"},
		{"four parts", good + ".x", "4 parts"},
		{"no payload", "e30..e30", "damaged"},
		{"padded", "e30.e30=.e30", "base64url"},
		{"standard base64", "e30.e3+/.e30", "base64url"},
		{"no JSON", "e30." + base64.RawURLEncoding.EncodeToString([]byte("claims")) + ".e30", "damaged"},
		{"cut off", good[:dot+6] + ".e30", "damaged"},
		{"a wrong type", joinToken(`{"srv":"a:1"}`), "damaged"},
		{"no server", joinToken(`{"exam":"e1"}`), "srv"},
		{"an empty list of servers", joinToken(`{"srv":[]}`), "srv"},
		{"null", joinToken(`null`), "srv"},
		{"a fingerprint that is no base64url", joinToken(`{"srv":["a:1"],"fp":"!"}`), "fp"},
		{"a fingerprint of 31 bytes", joinToken(`{"srv":["a:1"],"fp":"` + strings.Repeat("A", 42) + `"}`), "fp"},
		{"a fingerprint of 33 bytes", joinToken(`{"srv":["a:1"],"fp":"` + strings.Repeat("A", 44) + `"}`), "fp"},
		{"an exam without an end", joinToken(`{"srv":["a:1"],"starts":1777250000}`), "ends: 0, expected after the start"},
		{"an exam without a start", joinToken(`{"srv":["a:1"],"ends":1777250000}`), "starts: 0, expected seconds"},
		{"an exam before 1970", joinToken(`{"srv":["a:1"],"starts":-5,"ends":5}`), "starts: -5"},
		{"an exam that ends as it starts", joinToken(`{"srv":["a:1"],"starts":5,"ends":5}`), "ends: 5"},
		{"an exam of a day and a second", joinToken(`{"srv":["a:1"],"starts":1,"ends":86402}`), "86401 s after the start, expected at most 86400"},
		{"an exam of all time", joinToken(`{"srv":["a:1"],"starts":1,"ends":9223372036854775807}`), "expected at most"},
		{"a zone without an exam", joinToken(`{"srv":["a:1"],"zone":"UTC"}`), "starts"},
		{"an unknown zone", joinToken(`{"srv":["a:1"],"starts":1,"ends":2,"zone":"Mars/Base"}`), `zone: "Mars/Base"`},
		{"this computer's zone", joinToken(`{"srv":["a:1"],"starts":1,"ends":2,"zone":"Local"}`), `zone: "Local"`},
		{"a zone that is a path", joinToken(`{"srv":["a:1"],"starts":1,"ends":2,"zone":"../../secret"}`), "zone"},
		{"a start that is text", joinToken(`{"srv":["a:1"],"starts":"2026-11-30T09:00","ends":2}`), "damaged"},
		{"broken in two lines", good[:dot+6] + "\n" + good[dot+6:], "white space"},
		{"broken in two lines, with indent", good[:dot+6] + "\r\n  " + good[dot+6:], "white space"},
		{"a space in the signature", good[:len(good)-4] + " " + good[len(good)-4:], "white space"},
	} {
		token, err := ReadJoinToken(c.token)
		if err == nil || !strings.HasPrefix(err.Error(), "join token: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if !reflect.DeepEqual(token, JoinToken{}) {
			t.Errorf("%s: refused, and yet %+v", c.name, token)
		}
	}
}

func FuzzReadJoinToken(f *testing.F) {
	f.Add(joinToken(`{"jti":"t1","exam":"e1","sub":"s1","srv":["a:1","b:2"],"fp":"` + strings.Repeat("A", 43) + `","nbf":1,"exp":2}`))
	f.Add(joinToken(`{"srv":["a:1"],"pol":"default"}`))
	f.Add(joinToken(`{"srv":["a:1"],"starts":1777250000,"ends":1777278200,"zone":"America/Denver"}`))
	f.Add(joinToken(`{"srv":[]}`))
	f.Add("\t" + joinToken(`{"srv":["\ud800"]}`) + "\n")
	f.Add("e30.\ne30.e30")
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		token, err := ReadJoinToken(s)
		if err != nil {
			if !reflect.DeepEqual(token, JoinToken{}) {
				t.Fatalf("%v, and yet %+v", err, token)
			}
			return
		}
		if len(token.Servers) == 0 {
			t.Fatal("no server")
		}
		if _, err := token.Pin(); err != nil {
			t.Fatal(err)
		}
		if err := token.CheckExam(); err != nil {
			t.Fatal(err)
		}
		claims, err := json.Marshal(token)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadJoinToken(joinToken(string(claims)))
		if err != nil || !reflect.DeepEqual(again, token) {
			t.Fatalf("%+v became %+v, %v", token, again, err)
		}
	})
}
