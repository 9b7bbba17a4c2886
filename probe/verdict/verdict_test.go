package verdict

import (
	"encoding/json"
	"strings"
	"testing"

	"examlink/probe/ippm"
)

// good returns a link that meets all recommendations of the default policy.
func good() Facts {
	f := Facts{Download: Known(10e6, 9.9e6, 10.1e6, 1), Upload: Known(5e6, 4.9e6, 5.1e6, 1), Outage: Known(0.2, 0.2, 0.2, 100)}
	for _, c := range []Criterion{OneWayDelayDown, OneWayDelayUp} {
		f[c] = Known(0.02, 0.01, 0.03, 100)
	}
	f[LoadedDelayDown], f[LoadedDelayUp] = Known(0.1, 0.1, 0.1, 1), Unseen("not loaded")
	f[RoundTripDelay] = Known(0.04, 0.04, 0.04, 100)
	for _, c := range []Criterion{DelayVariationDown, DelayVariationUp} {
		f[c] = Known(0.005, 0.005, 0.005, 100)
	}
	for _, c := range []Criterion{LossDown, LossUp} {
		f[c] = Known(0, 0, 0.03, 100)
	}
	return f
}

func TestJudge(t *testing.T) {
	bound := func(low float64) Fact { return Fact{Low: &low, Samples: 1} }
	decided := func(v float64, d ippm.Decision) Fact {
		f := Known(v, v*0.98, v*1.02, 2)
		f.Minimum = d
		return f
	}
	for _, c := range []struct {
		name string
		set  Criterion
		fact Fact
		want Outcome
		say  string
	}{
		{"all good", Download, Known(10e6, 9e6, 11e6, 1), Ready, "meets everything"},
		{"a bound is enough", Download, bound(6.1e6), Ready, ""},
		{"a bound between the two", Upload, bound(0.5e6), Marginal, "at least 0.5 Mbit/s"},
		{"below the minimum", Download, Known(0.6e6, 0.59e6, 0.61e6, 1), NotReady, "download is 0.6 Mbit/s, the minimum is 0.768 Mbit/s"},
		{"between minimum and recommended", Download, Known(1e6, 0.99e6, 1.01e6, 1), Marginal, "1.5 Mbit/s is recommended"},
		{"on the bound, counted with link headers", Upload, Known(0.3815e6, 0.3808e6, 0.3822e6, 1), Marginal, ""},
		{"straddles the minimum", Download, Known(0.765e6, 0.70e6, 0.83e6, 1), Inconclusive, "too close"},
		{"straddles, but decided above", Download, decided(0.765e6, ippm.Accept), Marginal, ""},
		{"straddles, but decided below", Download, decided(0.755e6, ippm.Reject), NotReady, ""},
		{"rate unknown", Upload, Unknown("the host was busy"), Inconclusive, "the host was busy"},
		{"one loss in 100 proves nothing", LossUp, Known(0.01, 0.0018, 0.0545, 100), Inconclusive, "loss up"},
		{"two losses in 400 meet the minimum", LossUp, Known(0.005, 0.0014, 0.018, 400), Marginal, "loss up"},
		{"no loss in 200", LossUp, Known(0, 0, 0.0188, 200), Ready, ""},
		{"the ways' shares unknown", OneWayDelayUp, Known(0.02, 0, 0.6, 100), Ready, ""},
		{"long round trip", RoundTripDelay, Known(0.6, 0.6, 0.6, 100), Marginal, "round trip is 600 ms; 300 ms is recommended"},
		{"a full buffer adds much", LoadedDelayDown, Known(1, 1, 1, 1), Marginal, "added delay under load, down is 1 s; 400 ms is recommended"},
		{"too long a round trip", RoundTripDelay, Known(0.9, 0.9, 0.9, 100), NotReady, "round trip is 900 ms"},
		{"variation straddles", DelayVariationUp, Known(0.09, 0.07, 0.12, 100), Inconclusive, "delay variation up"},
		{"ten losses in 100 do", LossUp, Known(0.1, 0.055, 0.174, 100), NotReady, "loss up is 10 %"},
		{"long way", OneWayDelayUp, Known(0.3, 0.2, 0.4, 100), Marginal, "delay up is 300 ms"},
		{"too long", OneWayDelayDown, Known(0.7, 0.6, 0.8, 100), NotReady, ""},
		{"outage", Outage, Known(31, 31, 31, 100), NotReady, "longest gap is 31 s"},
	} {
		f := good()
		f[c.set] = c.fact
		v := Judge(BuiltIn()[0], f)
		if v.Outcome != c.want || !strings.Contains(v.Sentence, c.say) {
			t.Errorf("%s: %q %q, want %q containing %q", c.name, v.Outcome, v.Sentence, c.want, c.say)
		}
		for _, r := range v.Reasons {
			settled := (r.AgainstMin == Met || r.AgainstMin == NoBound) && (r.AgainstRec == Met || r.AgainstRec == NoBound || r.AgainstRec == Hidden)
			if settled != (r.Remedy == "") {
				t.Errorf("%s: %s has status %s, %s and remedy %q", c.name, r.Criterion, r.AgainstMin, r.AgainstRec, r.Remedy)
			}
		}
	}
}

func TestBlockedUDPIsMarginalAtMost(t *testing.T) {
	f := good()
	f[UDP] = Unknown("the network blocks UDP")
	f[LossUp], f[LossDown] = Unseen("by TCP"), Unseen("by TCP")
	v := Judge(BuiltIn()[0], f)
	if v.Outcome != Marginal || !strings.Contains(v.Sentence, "blocks UDP") || v.Reasons[0].Criterion != UDP || v.Reasons[0].Remedy == "" {
		t.Errorf("%+v", v)
	}
	for _, r := range v.Reasons {
		if loss := r.Criterion == LossUp || r.Criterion == LossDown; loss != (r.AgainstMin == Hidden) || loss && (r.Value != nil || r.Why == "") {
			t.Errorf("%+v", r)
		}
	}
	f[Download] = Known(0.6e6, 0.59e6, 0.61e6, 1)
	if v := Judge(BuiltIn()[0], f); v.Outcome != NotReady || !strings.Contains(v.Sentence, "download") {
		t.Errorf("%+v", v)
	}
	f[Download] = Unknown("not known")
	if v := Judge(BuiltIn()[0], f); v.Outcome != Inconclusive {
		t.Errorf("%+v", v)
	}
}

func TestMissingIsUnknownNotGood(t *testing.T) {
	if v := Judge(BuiltIn()[0], nil); v.Outcome != Inconclusive {
		t.Errorf("nothing measured: %q", v.Outcome)
	}
	for c := range good() {
		f := good()
		delete(f, c)
		want := Inconclusive
		if c == LoadedDelayDown || c == LoadedDelayUp { // these have no minimum
			want = Marginal
		}
		if v := Judge(BuiltIn()[0], f); v.Outcome != want {
			t.Errorf("without %s: %q, want %q", c, v.Outcome, want)
		}
	}
}

func TestMoreIsNeverWorse(t *testing.T) {
	rank := map[Outcome]int{NotReady: 0, Marginal: 1, Ready: 2}
	last := 0
	for rate := 0.1e6; rate < 3e6; rate += 0.01e6 {
		f := good()
		f[Download] = Known(rate, rate, rate, 1)
		got, ok := rank[Judge(BuiltIn()[0], f).Outcome]
		if !ok || got < last {
			t.Fatalf("at %.2f Mbit/s the verdict fell from %d to %d", rate/1e6, last, got)
		}
		last = got
	}
	if last != 2 {
		t.Error("never ready")
	}
}

func TestBuiltInPoliciesAreSound(t *testing.T) {
	for _, p := range BuiltIn() {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		if p.Source == "" || p.Date == "" {
			t.Errorf("policy %q names no source or date", p.Name)
		}
	}
	d := BuiltIn()[0]
	if d.Minimum.Download != 768e3 || d.Minimum.Upload != 384e3 || d.Recommended.Download != 1.5e6 || d.Recommended.Upload != 1e6 {
		t.Errorf("the default policy is %+v", d)
	}
	d.Recommended.Upload = 1
	if err := d.Check(); err == nil || !strings.Contains(err.Error(), "upload") {
		t.Errorf("a recommended bound below the minimum: %v", err)
	}
	if _, err := Find(BuiltIn(), "nonesuch"); err == nil || !strings.Contains(err.Error(), "default") {
		t.Errorf("unknown policy: %v", err)
	}
}

// The requirements for the computer travel with the policy, and say nothing about the
// link: a student whose version cannot read them is judged by the same bounds.
func TestEquipmentGoesWithThePolicy(t *testing.T) {
	for _, p := range BuiltIn() {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Policy
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(p) {
			t.Errorf("%s: %v\n%+v\n%+v", p.Name, err, back, p)
		}
		if (p.Equipment.Source != "") == p.Equipment.IsZero() {
			t.Errorf("%s: requirements %+v", p.Name, p.Equipment)
		}
	}
	sent := BuiltIn()[1]
	sent.Equipment.Refused = append(sent.Equipment.Refused, "hologram")
	if sent.Check() == nil {
		t.Error("an unknown refusal is valid in a configuration")
	}
	if p := InForce(BuiltIn()[0], &sent); !p.Equal(sent) {
		t.Errorf("judged by %s", p.Name)
	}
	own := BuiltIn()[0]
	own.Equipment.Microphone = false
	if p := InForce(own, &sent); !p.Equal(own) {
		t.Errorf("a policy of one's own is outranked by %s", p.Name)
	}
}
