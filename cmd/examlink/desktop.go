package main

import "github.com/gen2brain/beeep"

// showOnDesktop shows a desktop notification.
func showOnDesktop(title, text string) error {
	beeep.AppName = title
	return beeep.Notify(title, text, "")
}
