// Package config reads config.yaml, the environment and flags into the options
// of the programs. A key is a struct field whose tags declare everything about
// it; config.yaml is generated from them. Only this package imports viper.
package config

import (
	"reflect"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/server"
	"examlink/server/media"
)

// EnvPrefix begins every environment variable: client.token is
// EXAMLINK_CLIENT_TOKEN.
const EnvPrefix = "EXAMLINK"

// FileName is the file that Load looks for in the working directory and in the
// user's configuration directory if none is named.
const FileName = "config.yaml"

// File is the whole configuration of both programs.
type File struct {
	_ struct{} `doc:"The configuration of both programs, with every key at its default. Flags override the environment, which overrides this file, which overrides the defaults. The environment variable of client.interval is EXAMLINK_CLIENT_INTERVAL. Durations, rates and sizes need a unit; an unknown key is an error. 'examlink config' and 'examlink-server config' print the configuration in force."`

	Policy   string           `mapstructure:"policy" default:"default" reload:"live" doc:"The policy that links are judged by: one of policies, or a built-in one: {policies}. A server sends its policy to its clients; a client judges by it unless a policy other than default is named here."`
	Policies []verdict.Policy `mapstructure:"policies" reload:"live" doc:"Policies of your own. They override built-in ones of the same name. The bound of a rate is the least acceptable value, every other bound the greatest. A bound that is left out is not checked, but minimum needs download and upload."`
	Log      Log              `mapstructure:"log" doc:"Messages on standard error."`
	Client   Client           `mapstructure:"client" reload:"unused" doc:"The student's program, examlink."`
	Server   Server           `mapstructure:"server" doc:"The operator's program, examlink-server. SIGHUP, or a POST to /-/reload where metrics are served, loads this file again and applies changes of {reloadable}. Other changes need a restart."`
	Page     Page             `mapstructure:"page" doc:"The students' check page, which examlink-server serves on its TCP port, under /check. Browsers open it only if they trust the server's certificate: see server.certificate and server.acme."`
	Board    Board            `mapstructure:"board" doc:"The proctors' board, which examlink-server serves on its TCP port, under /board. Like the check page it needs a certificate that browsers trust."`
	Store    Store            `mapstructure:"store" doc:"Where examlink-server keeps live sessions, alerts to deliver, exams, rosters, receipts and the heads of records."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `mapstructure:"level" default:"info" oneof:"debug info warn error" reload:"live" doc:"The least level that is logged."`
	Format string `mapstructure:"format" default:"text" oneof:"text json" doc:"The format of the lines."`
}

// Page configures the students' check page.
type Page struct {
	Enabled   bool         `mapstructure:"enabled" default:"true" doc:"Serve the page."`
	Rehearsal media.Limits `mapstructure:"rehearsal" reload:"live" doc:"The rehearsal: webcam and screen are sent to this server by WebRTC, as an exam sends them, on the UDP port that it has. The pictures are shown to nobody and stored nowhere. It lasts 20 s and costs up to 0.8 Mbit/s."`
}

// Client configures the student's program. ProbeOptions completes the options of
// the engine.
type Client struct {
	probe.Options `mapstructure:",squash"`
	MetricsListen string `mapstructure:"metrics_listen" default:"127.0.0.1:9482" is:"host:port or empty" doc:"Where 'examlink watch' serves its metrics and, on a loopback address only, its page. Empty: nowhere. Keep it on the loopback interface."`
	QueueMax      int64  `mapstructure:"queue_max" unit:"bytes" default:"4MB" min:"100kB" doc:"Reports that cannot reach the server (warnings, minute figures) are queued in memory and in a file beside the record, and delivered after the outage. Reports beyond this size are dropped: the oldest minute figures first, warnings last."`
	Notify        string `mapstructure:"notify" default:"before-exam" oneof:"off before-exam always" doc:"When warnings are shown as desktop notifications. before-exam shows none during the exam, and none when the time of the exam is unknown: proctoring software may forbid pop-ups, and a proctor may mistake them for help."`
	Exam          Exam   `mapstructure:"exam" doc:"The time of the exam. It overrides the join token. Give local times such as '2026-11-30T09:00' with the name of their zone, or times with their offset such as '2026-11-30T09:00-07:00', in quotes."`
	// Watch replaces the engine's section and adds a key.
	Watch Watch `mapstructure:"watch" doc:"The daemon, 'examlink watch'."`
}

// Exam says when the exam is.
type Exam struct {
	Start string `mapstructure:"start" doc:"When the exam starts."`
	End   string `mapstructure:"end" doc:"When the exam ends."`
	Zone  string `mapstructure:"zone" doc:"The time zone of local times, such as America/Denver."`
}

// Watch configures the daemon.
type Watch struct {
	probe.WatchOptions `mapstructure:",squash"`
	Record             string `mapstructure:"record" doc:"The file for the record of the watch, which 'examlink report' reads. Empty: one file per exam and day, in the folder examlink/records of the user's configuration directory. none: no record."`
}

// Server configures the operator's program.
type Server struct {
	Listen             string            `mapstructure:"listen" default:":8443" is:"host:port" doc:"The UDP port for QUIC and probes. The same port is opened for TCP."`
	Name               string            `mapstructure:"name" doc:"What this server is called among those that share a PostgreSQL database. Empty: the name of its host."`
	Public             []string          `mapstructure:"public" is:"public host:port" reload:"live" doc:"The addresses that students reach the server at, for join tokens."`
	AdminListen        string            `mapstructure:"admin_listen" default:"127.0.0.1:9481" is:"host:port or empty" doc:"Where metrics, health and the list of sessions are served. Keep it away from students. Empty: nowhere."`
	AdminSystemdSocket bool              `mapstructure:"admin_systemd_socket" doc:"Serve them on the sockets that systemd passes, instead of admin_listen."`
	AdminWebConfig     string            `mapstructure:"admin_web_config" doc:"TLS, passwords, headers and a rate limit for admin_listen: a web configuration file as Prometheus exporters take it. It is read with each request. Empty: plain HTTP, for everybody who can connect. /-/healthy and /-/ready never need a password and have no rate limit."`
	AdminPprof         bool              `mapstructure:"admin_pprof" reload:"live" doc:"Serve Go's profiles of the server there, under /debug/pprof/. They reveal what is in its memory."`
	DataDir            string            `mapstructure:"data_dir" default:"examlink-data" doc:"The directory for keys, the certificate and the store, which are made on the first start."`
	Certificate        string            `mapstructure:"certificate" reload:"live" doc:"A certificate of your own, as a PEM file. Empty: one ordered by ACME if server.acme.hosts is set, else a self-signed one, whose key is named in join tokens."`
	Key                string            `mapstructure:"key" reload:"live" doc:"The private key of your own certificate, as a PEM file."`
	ACME               ACME              `mapstructure:"acme" doc:"A certificate that the server orders from an authority by ACME (RFC 8555), such as Let's Encrypt, and renews by itself, instead of certificate and key. Join tokens then name no key."`
	Metrics            Metrics           `mapstructure:"metrics" reload:"live" doc:"What the server's metrics show."`
	Limits             server.Limits     `mapstructure:"limits" reload:"live" doc:"What students can make the server do."`
	Silence            server.Silence    `mapstructure:"silence" reload:"live" doc:"How long a session sends nothing until its state changes. Each time must exceed the one before."`
	Attendance         server.Attendance `mapstructure:"attendance" reload:"live" doc:"When students who do not connect for their exam are missed."`
	Alerts             Alerts            `mapstructure:"alerts" reload:"live" doc:"Proctors are alerted when a session falls silent (suspect, dropped, exam-relevant), falls below the policy's minimum (below-minimum), recovers or ends, of students who have not connected for an exam that has begun (never-connected), and of incidents."`
}

// Metrics configures the server's metrics. A session has up to 18 series: those of
// a thousand sessions are a small load for Prometheus, and a scrape gathers them
// in a tenth of a second of the CPU that also answers probes.
type Metrics struct {
	SessionSeries int `mapstructure:"session_series" default:"1000" min:"0" max:"1000000" doc:"How many sessions have series of their own, up to 18 each: those in the worst state first. The sums by exam and of the server include the others."`
}

// Default is the configuration without file, environment and flags.
func Default() File {
	var f File
	root.setDefaults(reflect.ValueOf(&f).Elem())
	return f
}

// SelectedPolicy returns the policy to judge by. Policies in the file override
// built-in ones of the same name.
func (f File) SelectedPolicy() (verdict.Policy, error) {
	return verdict.Find(f.allPolicies(), f.Policy)
}

// allPolicies returns the policies of the file, and then the built-in ones.
func (f File) allPolicies() []verdict.Policy {
	return append(append([]verdict.Policy{}, f.Policies...), verdict.BuiltIn()...)
}

// ExamWindow returns the configured time of the exam; zero if there is none.
func (f File) ExamWindow() (plan.Window, error) {
	e := f.Client.Exam
	return plan.ParseWindow(e.Start, e.End, e.Zone)
}

// ProbeOptions returns the options of the student's side.
func (f File) ProbeOptions() (probe.Options, error) {
	p, err := f.SelectedPolicy()
	if err != nil {
		return probe.Options{}, err
	}
	o := f.Client.Options
	o.Policy, o.Watch = p, f.Client.Watch.WatchOptions
	return o, nil
}

// ServerSettings returns the settings that can change while the server runs.
func (f File) ServerSettings() (server.Settings, error) {
	p, err := f.SelectedPolicy()
	s := f.Server
	return server.Settings{Limits: s.Limits, Silence: s.Silence, Policy: p, SessionSeries: s.Metrics.SessionSeries, Policies: f.allPolicies(), Retention: f.Store.Retention, Attendance: s.Attendance, Rehearsal: f.Page.Rehearsal}, err
}
