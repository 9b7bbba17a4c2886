package config_test

import (
	"reflect"
	"strconv"
	"testing"

	"examlink/cmd/internal/config"
	"examlink/probe"
	"examlink/probe/outbox"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
)

// A program that uses the engine as a library gets the defaults of the tags.
func TestDefaultsAreTheEngines(t *testing.T) {
	f := config.Default()
	same := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: by the tags\n%+v\nby the engine\n%+v", what, got, want)
		}
	}
	o, err := f.ProbeOptions()
	if err != nil {
		t.Fatal(err)
	}
	same("probe", o, probe.DefaultOptions())
	same("client.queue_max", f.Client.QueueMax, int64(outbox.DefaultBytes))
	same("policy", f.Policy, verdict.DefaultName)
	s, err := f.ServerSettings()
	if err != nil {
		t.Fatal(err)
	}
	same("server.limits", s.Limits, server.DefaultLimits())
	same("server.attendance", s.Attendance, server.DefaultAttendance())
	same("server.silence", s.Silence, server.DefaultSilence())
	a, err := f.AlertOptions()
	if err != nil {
		t.Fatal(err)
	}
	same("server.alerts", a, delivery.Options{
		Dir: a.Dir, MinimumUp: a.MinimumUp, MinimumDown: a.MinimumDown, Forget: delivery.DefaultForget,
		Hold: alert.DefaultHold, Incident: alert.DefaultIncident(), MaxAge: delivery.DefaultMaxAge, QueueMax: delivery.DefaultQueueMax,
		Alertmanager: delivery.Alertmanager{URLs: []string{}, Resend: delivery.DefaultResend, Timeout: delivery.DefaultTimeout},
	})
	hook := load(t, write(t, `server: {alerts: {webhooks: [{name: a, url: "https://a.example/", secret_file: x}]}}`)).Server.Alerts.Webhooks[0]
	same("server.alerts.webhooks[].timeout", hook.Timeout, delivery.DefaultTimeout)
}

// The bounds in the tags are those of the engine.
func TestBoundsAreTheEngines(t *testing.T) {
	for _, c := range []struct {
		in                 any
		field, bound, want string
	}{
		{probe.Options{}, "PacketSize", "min", strconv.Itoa(wire.MinPacketSize)},
		{probe.Options{}, "PacketSize", "max", strconv.Itoa(wire.MaxPacketSize)},
		{probe.Options{}, "TrainPacket", "min", strconv.Itoa(train.MinPacket)},
		{probe.Options{}, "TrainPacket", "max", strconv.Itoa(train.MaxPacket)},
		{probe.CheckOptions{}, "CapacityMax", "max", config.FormatRate(train.MaxRate)},
	} {
		f, _ := reflect.TypeOf(c.in).FieldByName(c.field)
		if got := f.Tag.Get(c.bound); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.bound, c.field, got, c.want)
		}
	}
}
