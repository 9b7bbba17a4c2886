package warning

// Remedy says what the student can do now, in one or two sentences; empty if there is
// nothing to do.
func (w Warning) Remedy() string {
	if w.Kind == Outage {
		return w.Cause.remedy()
	}
	switch w.Kind {
	case DownloadBelowMinimum:
		return "Pause downloads, streaming and updates, also on other devices at home."
	case UploadBelowMinimum:
		return "Pause cloud backup and photo sync. Ask others at home to end video calls."
	case BelowRecommended:
		return "Go on. Do not start anything else that uses the network."
	case Delay:
		return "If you use a VPN, turn it off. Pause other traffic at home."
	case DelayVariation, Loss:
		return "Move closer to the Wi-Fi access point, or plug in a cable."
	case UDPBlocked:
		return "If you use a VPN, turn it off, or use another network. Watching goes on meanwhile."
	case HostBusy:
		return "Close other programs. Plug in the power supply."
	case Suspended:
		return "Turn off sleep, and keep the lid open."
	}
	return ""
}

// Meaning says what a warning means for the exam, in one sentence; empty if nothing.
func (k Kind) Meaning() string {
	switch k {
	case DownloadBelowMinimum:
		return "Pages may load slowly, and the proctor's video may freeze."
	case UploadBelowMinimum:
		return "The proctor may see your camera freeze."
	case BelowRecommended:
		return "The exam works, with little to spare."
	case Delay:
		return "You and the proctor may talk over each other."
	case DelayVariation:
		return "Sound and picture may stutter."
	case Loss:
		return "Sound and picture may break up."
	case Outage:
		return "The exam's own connection is probably gone, too."
	case UDPBlocked:
		return "Live video may stutter or fail."
	case HostBusy:
		return "Video may stutter, too."
	}
	return ""
}

// remedy says what to do about an interruption with this cause.
func (c Cause) remedy() string {
	switch c {
	case CauseNoNetwork:
		return "Turn on Wi-Fi, turn off flight mode, check the cable."
	case CauseWiFi:
		return "Move closer to the Wi-Fi access point, or turn Wi-Fi off and on again."
	case CauseRouter:
		return "Check the router's power and cables. Restart it if it does not come back."
	case CauseBeyond:
		return "Your router answers, so the problem is outside your home. Wait a minute. If other sites fail, too, call your exam's contact and ask whether you may use another network."
	case CauseServer:
		return "The problem is on the exam's side. Wait: the connection comes back by itself."
	case CauseDNS:
		return "If you use a VPN or a DNS filter, turn it off. If other sites fail, too, restart the router."
	case CauseUDPBlocked:
		return "If you use a VPN, turn it off, or use another network."
	case CauseMoved:
		return "Your computer has changed to another network. Wait a few seconds."
	case CauseAsleep:
		return "Turn off sleep, and keep the lid open."
	case CauseBusy:
		return "Close other programs. Plug in the power supply."
	case CauseClosed:
		return "Open the link of the watch again and keep its page open until the exam is over."
	case CausePaused:
		return "Keep the page of the watch in a window of its own, and turn off the browser's energy saver."
	}
	return "Wait a few seconds: the connection comes back by itself. If it does not, look at your Wi-Fi or cable."
}
