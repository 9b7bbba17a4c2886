package main

import "github.com/gen2brain/beeep"

// showOnDesktop shows a notification in the way this system has.
func showOnDesktop(title, text string) error {
	beeep.AppName = title
	return beeep.Notify(title, text, "")
}
