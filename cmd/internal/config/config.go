// Package config reads config.yaml, the environment and flags into the options
// of the programs. It is the only importer of viper.
package config

import (
	"reflect"
	"time"

	"go.yaml.in/yaml/v3"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/outbox"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/server"
)

// EnvPrefix begins every environment variable: client.token is
// EXAMLINK_CLIENT_TOKEN.
const EnvPrefix = "EXAMLINK"

// FileName is the file looked for in the working directory and in the user's
// configuration directory when none is named.
const FileName = "config.yaml"

// sessionSeries is how many sessions the server's metrics show one by one. A
// session has up to 18 series: a thousand are what Prometheus stores without
// notice, and what a scrape gathers in a tenth of a second of the processor
// that also answers probes.
const sessionSeries = 1000

// File is the whole configuration of both programs.
type File struct {
	Log      Log              `mapstructure:"log"`
	Policy   string           `mapstructure:"policy"`
	Policies []verdict.Policy `mapstructure:"policies"`
	Client   Client           `mapstructure:"client"`
	Server   Server           `mapstructure:"server"`
}

// Log says what is logged and how.
type Log struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

// Client configures the student's program.
type Client struct {
	Token         string        `mapstructure:"token"`
	Server        string        `mapstructure:"server"`
	MetricsListen string        `mapstructure:"metrics_listen"`
	Interval      time.Duration `mapstructure:"interval"`
	PacketSize    int           `mapstructure:"packet_size"`
	LossAfter     time.Duration `mapstructure:"loss_after"`
	TrainPacket   int           `mapstructure:"train_packet"`
	QueueMax      Bytes         `mapstructure:"queue_max"`
	Notify        string        `mapstructure:"notify"`
	Exam          Exam          `mapstructure:"exam"`
	Check         Check         `mapstructure:"check"`
	Watch         Watch         `mapstructure:"watch"`
}

// Exam says when the exam is. It outranks what the join token says.
type Exam struct {
	Start string `mapstructure:"start"`
	End   string `mapstructure:"end"`
	Zone  string `mapstructure:"zone"`
}

// Check configures the readiness test.
type Check struct {
	IdleTime     time.Duration `mapstructure:"idle_time"`
	IdleInterval time.Duration `mapstructure:"idle_interval"`
	LoadInterval time.Duration `mapstructure:"load_interval"`
	CapacityMax  ippm.Rate     `mapstructure:"capacity_max"`
	MaxBytes     Bytes         `mapstructure:"max_bytes"`
}

// Watch configures the daemon.
type Watch struct {
	Window      time.Duration `mapstructure:"window"`
	FloorEvery  time.Duration `mapstructure:"floor_every"`
	GlanceEvery time.Duration `mapstructure:"glance_every"`
	BudgetShare float64       `mapstructure:"budget_share"`
	SilentAfter time.Duration `mapstructure:"silent_after"`
	RedialAfter time.Duration `mapstructure:"redial_after"`
	RetestAfter time.Duration `mapstructure:"retest_after"`
	Record      string        `mapstructure:"record"`
}

// Server configures the operator's program.
type Server struct {
	Listen             string   `mapstructure:"listen"`
	Public             []string `mapstructure:"public"`
	AdminListen        string   `mapstructure:"admin_listen"`
	AdminSystemdSocket bool     `mapstructure:"admin_systemd_socket"`
	AdminWebConfig     string   `mapstructure:"admin_web_config"`
	DataDir            string   `mapstructure:"data_dir"`
	Certificate        string   `mapstructure:"certificate"`
	Key                string   `mapstructure:"key"`
	Metrics            Metrics  `mapstructure:"metrics"`
	Limits             Limits   `mapstructure:"limits"`
	Silence            Silence  `mapstructure:"silence"`
	Alerts             Alerts   `mapstructure:"alerts"`
}

// Metrics says what the server's metrics show.
type Metrics struct {
	SessionSeries int `mapstructure:"session_series"`
}

// Limits bounds what students can make a server do.
type Limits struct {
	Sessions         int       `mapstructure:"sessions"`
	SessionsPerToken int       `mapstructure:"sessions_per_token"`
	HandshakeRate    float64   `mapstructure:"handshake_rate"`
	RetryRate        float64   `mapstructure:"retry_rate"`
	ProbeRate        float64   `mapstructure:"probe_rate"`
	TrainBytes       Bytes     `mapstructure:"train_bytes"`
	TrainRate        ippm.Rate `mapstructure:"train_rate"`
	TotalRate        ippm.Rate `mapstructure:"total_rate"`
}

// Silence is when a silent session changes its state.
type Silence struct {
	Suspect      time.Duration `mapstructure:"suspect"`
	Dropped      time.Duration `mapstructure:"dropped"`
	ExamRelevant time.Duration `mapstructure:"exam_relevant"`
	Forget       time.Duration `mapstructure:"forget"`
}

// Default is the configuration without file, environment and flags.
func Default() File {
	p, l, s := probe.DefaultOptions(), server.DefaultLimits(), server.DefaultSilence()
	return File{
		Log:      Log{Level: "info", Format: "text"},
		Policy:   verdict.DefaultName,
		Policies: []verdict.Policy{},
		Client: Client{
			MetricsListen: "127.0.0.1:9482",
			Interval:      p.Interval, PacketSize: p.PacketSize, LossAfter: p.LossAfter, TrainPacket: p.TrainPacket,
			QueueMax: outbox.DefaultBytes, Notify: "before-exam",
			Check: Check{p.Check.IdleTime, p.Check.IdleInterval, p.Check.LoadInterval, p.Check.CapacityMax, Bytes(p.Check.MaxBytes)},
			Watch: Watch{p.Watch.Window, p.Watch.FloorEvery, p.Watch.GlanceEvery, p.Watch.BudgetShare, p.Watch.SilentAfter, p.Watch.RedialAfter, p.Watch.RetestAfter, ""},
		},
		Server: Server{
			Listen: ":8443", Public: []string{}, AdminListen: "127.0.0.1:9481", DataDir: "examlink-data",
			Metrics: Metrics{SessionSeries: sessionSeries},
			Limits: Limits{
				l.Sessions, l.SessionsPerToken, l.HandshakeRate, l.RetryRate, l.ProbeRate,
				Bytes(l.TrainBytes), ippm.Rate(l.TrainBitRate), ippm.Rate(l.TotalBitRate),
			},
			Silence: Silence{s.Suspect, s.Dropped, s.ExamRelevant, s.Forget},
			Alerts:  defaultAlerts(),
		},
	}
}

// SelectedPolicy returns the policy judged by. Those of the file outrank the
// built-in ones of the same name.
func (f File) SelectedPolicy() (verdict.Policy, error) {
	return verdict.Find(append(append([]verdict.Policy{}, f.Policies...), verdict.BuiltIn()...), f.Policy)
}

// ExamWindow is when the exam is, as the configuration has it; zero when it does
// not say.
func (f File) ExamWindow() (plan.Window, error) {
	e := f.Client.Exam
	return plan.ParseWindow(e.Start, e.End, e.Zone)
}

// ProbeOptions are the options of the student's side.
func (f File) ProbeOptions() (probe.Options, error) {
	p, err := f.SelectedPolicy()
	if err != nil {
		return probe.Options{}, err
	}
	c := f.Client
	return probe.Options{
		Token: c.Token, Server: c.Server, Policy: p,
		Interval: c.Interval, PacketSize: c.PacketSize, LossAfter: c.LossAfter, TrainPacket: c.TrainPacket,
		Check: probe.CheckOptions{
			IdleTime: c.Check.IdleTime, IdleInterval: c.Check.IdleInterval, LoadInterval: c.Check.LoadInterval,
			CapacityMax: c.Check.CapacityMax, MaxBytes: int64(c.Check.MaxBytes),
		},
		Watch: probe.WatchOptions{
			Window: c.Watch.Window, FloorEvery: c.Watch.FloorEvery, GlanceEvery: c.Watch.GlanceEvery, BudgetShare: c.Watch.BudgetShare,
			SilentAfter: c.Watch.SilentAfter, RedialAfter: c.Watch.RedialAfter, RetestAfter: c.Watch.RetestAfter,
		},
	}, nil
}

// ServerLimits are the limits of the server's side.
func (f File) ServerLimits() server.Limits {
	l := f.Server.Limits
	return server.Limits{
		Sessions: l.Sessions, SessionsPerToken: l.SessionsPerToken, HandshakeRate: l.HandshakeRate, RetryRate: l.RetryRate,
		ProbeRate: l.ProbeRate, TrainBytes: int64(l.TrainBytes), TrainBitRate: float64(l.TrainRate), TotalBitRate: float64(l.TotalRate),
	}
}

// ServerSilence is the silence the server judges by.
func (f File) ServerSilence() server.Silence {
	s := f.Server.Silence
	return server.Silence{Suspect: s.Suspect, Dropped: s.Dropped, ExamRelevant: s.ExamRelevant, Forget: s.Forget}
}

// ServerSettings are what can change while the server runs.
func (f File) ServerSettings() (server.Settings, error) {
	p, err := f.SelectedPolicy()
	return server.Settings{Limits: f.ServerLimits(), Silence: f.ServerSilence(), Policy: p, SessionSeries: f.Server.Metrics.SessionSeries}, err
}

// YAML prints the effective configuration so that it can be loaded again. The
// join token and the secrets of webhooks are left out: a webhook whose secret is
// not in a file of its own wants it again.
func (f File) YAML() (string, error) {
	const hidden = "set, not shown"
	secret := f.Client.Token != ""
	f.Client.Token = ""
	hooks := f.Server.Alerts.Webhooks
	f.Server.Alerts = f.Server.Alerts.withoutSecrets()
	root := tree(reflect.ValueOf(f))
	if secret {
		child(child(root, "client"), "token").LineComment = hidden
	}
	for i, n := range child(child(child(root, "server"), "alerts"), "webhooks").Content {
		if hooks[i].Secret != "" {
			child(n, "secret").LineComment = hidden
		}
	}
	b, err := yaml.Marshal(root)
	return string(b), err
}

// child returns the value of a key; nil when it is not there.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// tree turns a struct into ordered YAML with units.
func tree(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: v.Type().Field(i).Tag.Get("mapstructure")}
		n.Content = append(n.Content, key, leaf(v.Field(i)))
	}
	return n
}

func leaf(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch x := v.Interface().(type) {
	case time.Duration:
		n.Value = x.String()
	case ippm.Rate:
		n.Value = FormatRate(x)
	case Bytes:
		n.Value = x.String()
	default:
		switch v.Kind() {
		case reflect.Struct:
			return tree(v)
		case reflect.Slice:
			n = &yaml.Node{Kind: yaml.SequenceNode}
			for i := range v.Len() {
				n.Content = append(n.Content, leaf(v.Index(i)))
			}
		default:
			_ = n.Encode(x)
		}
	}
	return n
}
