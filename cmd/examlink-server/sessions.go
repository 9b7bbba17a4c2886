package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/server/alert"
)

// Chosen by us.
const (
	askTimeout  = 10 * time.Second
	repaintRate = time.Second
	answerMost  = 64 << 20 // bytes
)

// clearScreen moves to the top left corner and clears what is below.
const clearScreen = "\x1b[H\x1b[2J"

func newSessions(a *cli.App) *cobra.Command {
	var (
		exam, address, tokenFile, ca string
		watch, asJSON, undelivered   bool
	)
	c := &cobra.Command{
		Use: "sessions", Short: "Lists the live sessions, worst first", Args: cli.NoArgs,
		Long: `Lists the live sessions of a running server, worst first, with the warnings that
stand. Upload is what the server measured itself, download what the student's
program says.

It asks the server's admin listener and shows it the admin token, which the
server keeps in its data directory: run it there as the same user, or bring the
token in a file.`,
		Example: `  examlink-server sessions --watch
  examlink-server sessions --url https://exam.example.edu:9481 --token-file admin-token --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			if undelivered && (watch || exam != "") {
				return cli.Usage(errors.New("--undelivered: expected without --watch and --exam"))
			}
			q, err := newAsker(f, address, tokenFile, ca)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if undelivered {
				return q.undelivered(c.Context(), out, asJSON)
			}
			if !watch {
				return q.sessions(c.Context(), out, exam, asJSON)
			}
			terminal := false
			if file, ok := out.(*os.File); ok {
				terminal = !asJSON && term.IsTerminal(int(file.Fd()))
			}
			tick := time.NewTicker(repaintRate)
			defer tick.Stop()
			for first := true; ; first = false {
				var page strings.Builder
				switch err := q.sessions(c.Context(), &page, exam, asJSON); {
				case c.Context().Err() != nil:
					return nil
				case err != nil && first:
					return err
				case err != nil: // the server may be starting anew
					fmt.Fprintf(c.ErrOrStderr(), "examlink-server: %v\n", err)
				default:
					if terminal {
						fmt.Fprint(out, clearScreen)
					}
					fmt.Fprint(out, page.String())
					if !asJSON && !terminal {
						fmt.Fprintln(out)
					}
				}
				select {
				case <-tick.C:
				case <-c.Context().Done():
					return nil
				}
			}
		},
	}
	c.Flags().StringVar(&exam, "exam", "", "only sessions of this `exam`")
	c.Flags().BoolVar(&watch, "watch", false, "show them anew every second")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line each time")
	c.Flags().BoolVar(&undelivered, "undelivered", false, "list the warnings that could not be delivered instead")
	c.Flags().StringVar(&address, "url", "", "`URL` of the admin listener (default: server.admin_listen on this computer)")
	c.Flags().StringVar(&tokenFile, "token-file", "", "`file` with the admin token (default: the one in server.data_dir)")
	c.Flags().StringVar(&ca, "ca", "", "PEM `file` of the authority that signed the admin listener's certificate")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of the admin listener")
	return c
}

// asker asks a server's admin API.
type asker struct {
	base   *url.URL
	token  string
	client *http.Client
}

func newAsker(f config.File, address, tokenFile, ca string) (*asker, error) {
	if address == "" {
		var err error
		if address, err = adminURL(f.Server.AdminListen); err != nil {
			return nil, cli.Usage(err)
		}
	}
	base, err := checkAdminURL(address)
	if err != nil {
		return nil, cli.Usage(fmt.Errorf("--url: %w", err))
	}
	q := &asker{base: base}
	if tokenFile == "" {
		q.token, err = adminToken(f.Server.DataDir, false)
	} else {
		var b []byte
		b, err = os.ReadFile(tokenFile)
		q.token = strings.TrimSpace(string(b))
	}
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca: %s: no certificate in it", ca)
		}
	}
	q.client = &http.Client{
		Timeout: askTimeout, Transport: &http.Transport{TLSClientConfig: conf}, // no proxy: it would see the token
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return q, nil
}

// adminURL is how the admin listener is reached from its own computer.
func adminURL(listen string) (string, error) {
	if listen == "" {
		return "", errors.New("server.admin_listen is empty: the server has no admin listener")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("server.admin_listen: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// checkAdminURL refuses addresses to which the token would cross a network in
// clear.
func checkAdminURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("expected a URL such as https://exam.example.edu:9481")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := err == nil && ip.Unmap().IsLoopback() || u.Hostname() == "localhost"
	if u.Scheme == "http" && !local {
		return nil, fmt.Errorf("%s is another address than the loopback and has no TLS: the admin token, and what students' sessions are like, would cross the network in clear; expected https", u.Hostname())
	}
	return u, nil
}

// ask gets a page.
func (q *asker) ask(ctx context.Context, path string, query url.Values, into any) ([]byte, error) {
	u := q.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set(tokenHeader, q.token)
	resp, err := q.client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("admin listener %s: %w", q.base.Host, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	switch {
	case err != nil:
	case resp.StatusCode == http.StatusUnauthorized:
		err = errors.New("refused: the token is another server's, or the listener wants a name and a password, as in https://name:password@host")
	case resp.StatusCode == http.StatusBadRequest && q.base.Scheme == "http" && bytes.Contains(b, []byte("HTTPS")):
		err = errors.New("the listener speaks TLS: give --url https://..., and --ca for a certificate of your own")
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("answer %s: %s", resp.Status, strings.TrimSpace(string(b[:min(len(b), 200)])))
	default:
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return nil, fmt.Errorf("admin listener %s: %w", q.base.Host, err)
	}
	return b, nil
}

// sessions prints the sessions once.
func (q *asker) sessions(ctx context.Context, out io.Writer, exam string, asJSON bool) error {
	query := url.Values{}
	if exam != "" {
		query.Set("exam", exam)
	}
	var page sessionsPage
	b, err := q.ask(ctx, sessionsPath, query, &page)
	if err != nil {
		return err
	}
	if asJSON {
		_, err = out.Write(b) // it ends with a line break
		return err
	}
	return printSessions(out, page)
}

func printSessions(out io.Writer, page sessionsPage) error {
	for _, n := range page.Incidents {
		fmt.Fprintf(out, "%s Since %s.\n", plain(n.Sentence), n.Since.UTC().Format(time.TimeOnly+" MST"))
	}
	if len(page.Sessions) == 0 {
		fmt.Fprintln(out, "no sessions")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tSILENT\tEXAM\tSTUDENT\tSESSION\tUP (server)\tDOWN (claimed)\tWARNINGS")
	for _, s := range page.Sessions {
		var warnings []string
		for _, n := range s.Warnings {
			warnings = append(warnings, strings.TrimSpace(string(n.Kind)+" "+n.Direction))
		}
		for _, c := range s.Claimed.Warnings {
			warnings = append(warnings, c.Kind+" (claimed)")
		}
		state := s.State
		if s.Purpose == "check" {
			state += " (check)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", state, silence(s.Silent), plain(s.Exam), plain(s.Student), s.Session,
			rateText(s.Seen.Upload, page.At), rateText(s.Claimed.Download, page.At), strings.Join(warnings, ", "))
	}
	return w.Flush()
}

// plain takes out what would steer a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func silence(seconds float64) string {
	if seconds < 10 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// rateText says a rate, or its bound, and how old it is.
func rateText(r *alert.Rate, now time.Time) string {
	v, prefix := (*float64)(nil), ""
	if r != nil {
		if v = r.Value; v == nil {
			v, prefix = r.Low, ">= "
		}
	}
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%s%.3g Mbit/s, %s ago", prefix, *v/1e6, now.Sub(r.At).Round(time.Second))
}

// undelivered prints what could not be delivered.
func (q *asker) undelivered(ctx context.Context, out io.Writer, asJSON bool) error {
	var page undeliveredPage
	b, err := q.ask(ctx, undeliveredPath, nil, &page)
	if err != nil {
		return err
	}
	if asJSON {
		_, err = out.Write(b)
		return err
	}
	if len(page.Undelivered) == 0 {
		fmt.Fprintln(out, "everything was delivered, or still waits")
		return nil
	}
	for _, u := range page.Undelivered {
		fmt.Fprintf(out, "%s  %s  %s: %s\n    %s\n", u.At.UTC().Format(time.DateTime+" MST"), u.Receiver, u.Kind, plain(u.Why), plain(u.Sentence))
	}
	return nil
}
