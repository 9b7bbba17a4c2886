//go:build !linux

// Command lab needs Linux: network namespaces and TUN.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "lab: needs Linux, for its network namespaces and TUN devices")
	os.Exit(1)
}
