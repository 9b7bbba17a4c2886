package main

import (
	"examlink/probe/view"
	"examlink/probe/warning"
)

// when says from when to when the latest episode lasted.
func when(w warning.Warning) string {
	if w.Kind == warning.Clock { // its times are of two clocks
		return ""
	}
	return ", " + between(view.Began(w), w.End)
}
