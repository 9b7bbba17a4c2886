package verdict

// remedy returns plain advice on a criterion that is not as recommended.
func remedy(r Reason) string {
	if r.AgainstMin == Unclear {
		switch r.Criterion {
		case Download, Upload:
			return "Close other programs, wait a minute and test again. If this repeats, use a cable instead of Wi-Fi."
		default:
			return "Test again; if this repeats, use a cable instead of Wi-Fi."
		}
	}
	switch r.Criterion {
	case Download:
		return "Something may be using your download. Pause streaming, updates and other devices, then test again. If it stays low, use another network for the exam."
	case Upload:
		return "Something may be using your upload. Pause cloud backup and photo sync, end other video calls, then test again. If it stays low, use another network for the exam."
	case OneWayDelayDown, OneWayDelayUp:
		return "The way to the server is long. Disconnect a VPN if you use one; avoid satellite links and phone hotspots."
	case DelayVariationDown, DelayVariationUp:
		return "Delays vary a lot. Use a cable, or sit close to the Wi-Fi access point; turn off AirDrop and similar services; pause other traffic at home."
	case LossDown, LossUp:
		return "Packets get lost. Use a cable, or move closer to the Wi-Fi access point and away from other Wi-Fi networks."
	case UDP:
		return "Live video may stutter without UDP. Disconnect a VPN, or use another network for the exam: office and campus networks often block it. Or ask their administrators to let UDP out to the exam's servers."
	case Outage:
		return "The connection was gone for a while. Check cables and Wi-Fi, keep the computer awake and plugged in."
	}
	return ""
}
