//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// pageCommand is the first argument with which the lab starts itself again on the near
// host as the driver of a browser: what measures, the page's address, and the hash of a
// key that the browser accepts follow.
const pageCommand = "page"

// What measures in the browser.
const (
	pageExamlink = "examlink"
	pageNDT7     = "ndt7"
)

// pageScripts have the page that is open measure, without waiting for anybody to click, and
// give its result as JSON.
var pageScripts = map[string]string{
	pageExamlink: `import("/check/network.js")
		.then(m => m.check({token: location.hash.slice(1), progress: () => {}}))
		.then(r => JSON.stringify(r))`,
	// Down, the client's mean; up, what the server's TCP had received, which is what its
	// library shows. ndt7 counts bytes of payload, with those of WebSocket frames up.
	pageNDT7: `(async () => {
		const r = {}, failed = [];
		await ndt7.test({server: location.host, protocol: "ws", mlabDataPolicyInapplicable: true}, {
			error: e => failed.push(String(e)),
			downloadComplete: d => { r.down = d.LastClientMeasurement.MeanClientMbps },
			uploadComplete: d => { const i = d.LastServerMeasurement.TCPInfo; r.up = i.BytesReceived * 8 / i.ElapsedTime },
		});
		if (failed.length > 0) throw new Error(failed.join("; "));
		return JSON.stringify(r);
	})()`,
}

// runPage is the main function of the driver.
func runPage(args []string, out io.Writer) error {
	if len(args) != 3 || pageScripts[args[0]] == "" {
		return errors.New("page: expected what measures, an address and a hash")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		return err
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("ignore-certificate-errors-spki-list", args[2]),
		chromedp.Flag("webtransport-developer-mode", true)) // for QUIC, too
	allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocator)
	defer closeTab()
	ctx, cancel := context.WithTimeout(tab, pageTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(args[1])); err != nil {
		return fmt.Errorf("open the page: %w", err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](pageScripts[args[0]], chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text+"\n")
	return err
}
