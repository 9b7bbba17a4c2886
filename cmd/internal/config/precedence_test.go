package config_test

import (
	"reflect"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
	"examlink/probe/ippm"
)

// flag makes a flag that was given on the command line.
func flag(t *testing.T, define func(*pflag.FlagSet), args ...string) map[string]*pflag.Flag {
	t.Helper()
	s := pflag.NewFlagSet("test", pflag.ContinueOnError)
	define(s)
	if err := s.Parse(args); err != nil {
		t.Fatal(err)
	}
	return map[string]*pflag.Flag{
		"client.watch.floor_every": s.Lookup("floor-every"), "server.public": s.Lookup("public"), "log.level": s.Lookup("nonesuch"),
	}
}

func TestFlagOverEnvironmentOverFileOverDefault(t *testing.T) {
	file := write(t, `
client: {watch: {floor_every: 20s}}
server: {public: [file.example.edu:1, file.example.edu:2]}
`)
	define := func(s *pflag.FlagSet) {
		s.String("floor-every", "1h", "")
		s.StringSlice("public", nil, "")
	}
	given := []string{"--floor-every", "5s", "--public", "[2001:db8::1]:1", "--public", "flag.example.edu:2"}
	for _, c := range []struct {
		name          string
		flags         []string
		env, file     bool
		wantEvery     time.Duration
		wantAddresses []string
	}{
		{"default", nil, false, false, config.Default().Client.Watch.FloorEvery, []string{}},
		{"file over default", nil, false, true, 20 * time.Second, []string{"file.example.edu:1", "file.example.edu:2"}},
		{"environment over default", nil, true, false, 10 * time.Second, []string{"[2001:db8::2]:1", "env.example.edu:2"}},
		{"environment over file", nil, true, true, 10 * time.Second, []string{"[2001:db8::2]:1", "env.example.edu:2"}},
		{"flag over default", given, false, false, 5 * time.Second, []string{"[2001:db8::1]:1", "flag.example.edu:2"}},
		{"flag over all", given, true, true, 5 * time.Second, []string{"[2001:db8::1]:1", "flag.example.edu:2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, "")
			if c.file {
				path = file
			}
			if c.env {
				t.Setenv("EXAMLINK_CLIENT_WATCH_FLOOR_EVERY", "10s")
				t.Setenv("EXAMLINK_SERVER_PUBLIC", "[2001:db8::2]:1, env.example.edu:2")
			}
			f, _, err := config.Load(path, flag(t, define, c.flags...))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Client.Watch.FloorEvery; got != c.wantEvery {
				t.Errorf("client.watch.floor_every %v, want %v", got, c.wantEvery)
			}
			if got := f.Server.Public; !reflect.DeepEqual(got, c.wantAddresses) {
				t.Errorf("server.public %q, want %q", got, c.wantAddresses)
			}
			want := config.Default()
			want.Client.Watch.FloorEvery, want.Server.Public = c.wantEvery, c.wantAddresses
			same(t, "other keys", f, want)
		})
	}
}

func TestVariables(t *testing.T) {
	for key, c := range map[string]struct {
		value string
		get   func(config.File) any
		want  any
	}{
		"CLIENT_TOKEN":                {"a.b.c", func(f config.File) any { return f.Client.Token }, "a.b.c"},
		"CLIENT_PACKET_SIZE":          {"100", func(f config.File) any { return f.Client.PacketSize }, 100},
		"CLIENT_CHECK_CAPACITY_MAX":   {"5Mbit/s", func(f config.File) any { return f.Client.Check.CapacityMax }, 5 * ippm.MbitPerSecond},
		"CLIENT_WATCH_BUDGET_SHARE":   {"0.5", func(f config.File) any { return f.Client.Watch.BudgetShare }, 0.5},
		"SERVER_LIMITS_TRAIN_BYTES":   {"1GB", func(f config.File) any { return f.Server.Limits.TrainBytes }, int64(1e9)},
		"SERVER_ADMIN_SYSTEMD_SOCKET": {"true", func(f config.File) any { return f.Server.AdminSystemdSocket }, true},
		"LOG_LEVEL":                   {"error", func(f config.File) any { return f.Log.Level }, "error"},
	} {
		t.Run(key, func(t *testing.T) {
			t.Setenv(config.EnvPrefix+"_"+key, c.value)
			if got := c.get(load(t, documented)); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// A variable with the name of a section is not ours, and must not hide the
// section.
func TestSectionsAreNotVariables(t *testing.T) {
	t.Setenv("EXAMLINK_SERVER", "exam.example.edu")
	t.Setenv("EXAMLINK_CLIENT_CHECK", "1")
	same(t, "with variables named like sections", load(t, documented), config.Default())
}
