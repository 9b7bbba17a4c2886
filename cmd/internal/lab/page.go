//go:build linux

package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/stage"
)

// pageRates are the links of the page experiment, Mbit/s down and up, unless flags say
// otherwise.
var pageRates = [][2]float64{{0.6, 0.3}, {0.85, 0.43}, {2, 1.5}, {10, 5}}

// pageTimeout bounds one measurement by a page. Chosen by us.
const pageTimeout = 3 * time.Minute

// pageTools returns the pages that measure: examlink's check page and, if it can be had,
// ndt7's. why says why not.
func (l *lab) pageTools(peers bool) (tools []rateTool, why error) {
	pin, err := l.pin()
	if err != nil {
		return nil, err
	}
	ours := "https://" + stage.FarAddress + ":" + strconv.Itoa(stage.ServerPort) + "/check#" + l.token
	tools = []rateTool{{"examlink's page", func(cell) (rateFigures, error) {
		out, err := l.inBrowser(pageExamlink, ours, pin)
		if err != nil {
			return rateFigures{}, err
		}
		return reportedRates(out)
	}}}
	if !peers {
		return tools, nil
	}
	if why = l.serveNDT7(); why != nil {
		return tools, fmt.Errorf("without ndt7's page: %w", why)
	}
	theirs := "http://" + stage.FarAddress + ":" + strconv.Itoa(ndt7Port) + "/"
	return append(tools, rateTool{"ndt7's page", func(cell) (rateFigures, error) {
		out, err := l.inBrowser(pageNDT7, theirs, "")
		if err != nil {
			return rateFigures{}, err
		}
		var r struct{ Down, Up float64 } // Mbit/s
		if err := json.Unmarshal(out, &r); err != nil {
			return rateFigures{}, fmt.Errorf("ndt7's figures: %w: %.300s", err, out)
		}
		return rateFigures{Down: figure{Value: &r.Down}, Up: figure{Value: &r.Up}}, nil
	}}), nil
}

// pages measures the links with pages in a browser on the near host.
func (l *lab) pages(o options) error {
	if o.grid.rates == "" {
		o.grid.rates = formatRates(pageRates)
	}
	cells, err := o.grid.cells()
	if err != nil {
		return err
	}
	tools, why := l.pageTools(o.peers)
	if tools == nil {
		return why
	}
	if why != nil {
		fmt.Fprintln(os.Stderr, "lab:", why)
	}
	return l.compareRates(cells, func(cell) []rateTool { return tools }, o.grid.short, o.runs)
}

// pin is the hash of the server's key, by which the browser accepts its certificate.
func (l *lab) pin() (string, error) {
	b, err := os.ReadFile(filepath.Join(l.programs.Path("data-"+string(l.hosts.Far)), "tls.crt"))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return "", errors.New("the server's certificate is no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// inBrowser opens a page in a browser on the near host, has it measure, and returns its
// result as JSON.
func (l *lab) inBrowser(kind, url, pin string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return l.outputWithin(pageTimeout, l.hosts.Near, self, pageCommand, kind, url, pin)
}
