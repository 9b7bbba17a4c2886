package verdict

// remedy returns plain advice on a criterion that is not as recommended.
func remedy(r Reason) string {
	if r.AgainstMin == Unclear {
		switch r.Criterion {
		case Download, Upload:
			return "Close other programs, wait a minute and test again. If the result is still unclear, use a cable instead of Wi-Fi."
		default:
			return "Test again. If the result is still unclear, use a cable instead of Wi-Fi."
		}
	}
	switch r.Criterion {
	case Download:
		return "Your download may be too slow for the exam; something else may be using it. Pause streaming, updates and other devices, then test again. If it stays low, use another network for the exam."
	case Upload:
		return "Your upload may be too slow for your live video; something else may be using it. Pause cloud backup and photo sync, end other video calls, then test again. If it stays low, use another network for the exam."
	case OneWayDelayDown, OneWayDelayUp, RoundTripDelay:
		return "Your connection to the server responds slowly, so live video may lag. If you use a VPN, disconnect it; avoid satellite links and phone hotspots."
	case DelayVariationDown, DelayVariationUp:
		return "The delay of your connection varies a lot, so live video may stutter. Use a cable, or sit close to the Wi-Fi access point; turn off AirDrop and similar services; pause other traffic at home."
	case LoadedDelayDown, LoadedDelayUp:
		return "While your connection is busy, everything on it waits: your router or modem queues too much (bufferbloat). During the exam, let nobody at home download, upload or stream. A cable does not help; smart queue management (SQM) in the router does."
	case LossDown, LossUp:
		return "Your connection loses packets, so live video may freeze. Use a cable, or move closer to the Wi-Fi access point and away from other Wi-Fi networks."
	case UDP:
		return "This network blocks UDP, so live video may stutter. If you use a VPN, disconnect it. Otherwise use another network for the exam (office and campus networks often block UDP), or ask its administrators to allow UDP to the exam's servers."
	case Outage:
		return "Your connection was interrupted, which can stop your exam. Check cables and Wi-Fi, and keep the computer awake and plugged in."
	}
	return ""
}
