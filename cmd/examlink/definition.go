package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Chosen by us: after a crash the watch is back within seconds, and a program
// that cannot run is not restarted forever.
const (
	restartAfter = 5   // seconds
	restartMost  = 5   // times
	restartSpan  = 300 // seconds
)

const serviceTitle = "examlink: watches the link of a proctored exam"

// systemdUnit returns the unit of a user service. The library's own unit requires
// a target that user managers do not have, and escapes neither % nor $.
func systemdUnit(program string, args []string) (string, error) {
	command := []string{quoteUnit(program, false)}
	for _, a := range args {
		command = append(command, quoteUnit(a, true))
	}
	return literal(fmt.Sprintf(`[Unit]
Description=%s
StartLimitIntervalSec=%d
StartLimitBurst=%d

[Service]
ExecStart=%s
Restart=on-failure
RestartSec=%d
# Retrying helps neither a refused token nor a wrong server.
RestartPreventExitStatus=%d %d
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
`, serviceTitle, restartSpan, restartMost, strings.Join(command, " "), restartAfter, exitToken, exitCertificate))
}

// quoteUnit quotes one word of ExecStart. Variables are expanded in arguments
// only.
func quoteUnit(s string, argument bool) string {
	pairs := []string{`\`, `\\`, `"`, `\"`, "%", "%%"}
	if argument {
		pairs = append(pairs, "$", "$$")
	}
	return `"` + strings.NewReplacer(pairs...).Replace(s) + `"`
}

// launchdAgent returns the property list of a user agent. The library's own would
// restart a program that has finished successfully.
func launchdAgent(program string, args []string, log string) (string, error) {
	text := func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder returns no errors
		return "<string>" + b.String() + "</string>"
	}
	var words strings.Builder
	for _, w := range append([]string{program}, args...) {
		words.WriteString("\t\t" + text(w) + "\n")
	}
	return literal(fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	%s
	<key>ProgramArguments</key>
	<array>
%s	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>%d</integer>
	<key>ProcessType</key>
	<string>Interactive</string>
	<key>Umask</key>
	<integer>%d</integer>
	<key>StandardOutPath</key>
	%s
	<key>StandardErrorPath</key>
	%s
</dict>
</plist>
`, text(serviceName), words.String(), restartAfter, 0o077, text(log), text(log)))
}

// literal refuses text that the library would interpret as a template action.
func literal(definition string) (string, error) {
	if strings.Contains(definition, "{{") {
		return "", fmt.Errorf("service: the program's path or an option contains %q, expected none", "{{")
	}
	return definition, nil
}
