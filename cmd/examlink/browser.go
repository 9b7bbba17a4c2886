package main

import (
	"fmt"
	"os/exec"
	"runtime"
)

// openInBrowser opens an address in the user's browser and does not wait for it. The
// address is an argument of programs for a moment, which other users of this computer
// could see.
func openInBrowser(address string) error {
	name, args := browserCommand(runtime.GOOS, address)
	c := exec.Command(name, args...)
	if err := c.Start(); err != nil {
		return fmt.Errorf("browser: %w; open the address yourself", err)
	}
	go func() { _ = c.Wait() }() // ends with the program that opens the browser
	return nil
}

// browserCommand returns the command that opens an address on a system.
func browserCommand(goos, address string) (name string, args []string) {
	switch goos {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", address}
	case "darwin":
		return "open", []string{address}
	}
	return "xdg-open", []string{address}
}
