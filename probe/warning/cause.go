package warning

// Cause is the closed list of known causes. Each is a short phrase that blames
// nobody.
type Cause string

// The causes.
const (
	NotKnown        Cause = ""
	CauseNoNetwork  Cause = "this computer has no network"
	CauseWiFi       Cause = "Wi-Fi"
	CauseRouter     Cause = "the router does not answer"
	CauseBeyond     Cause = "beyond the router: the line or the exam's server"
	CauseServer     Cause = "the exam's server"
	CauseDNS        Cause = "the name service"
	CauseUDPBlocked Cause = "the network blocks UDP"
	CauseMoved      Cause = "the address changed"
	CauseAsleep     Cause = "the computer was asleep"
	CauseBusy       Cause = "the computer was busy"
	CauseClock      Cause = "the computer's clock was set"
	// Of a watch in a browser.
	CauseClosed Cause = "the page was closed or loaded anew"
	CausePaused Cause = "the browser paused the page"
)

// Causes lists every known cause.
func Causes() []Cause {
	return []Cause{
		CauseNoNetwork, CauseWiFi, CauseRouter, CauseBeyond, CauseServer, CauseDNS, CauseUDPBlocked, CauseMoved,
		CauseAsleep, CauseBusy, CauseClock, CauseClosed, CausePaused,
	}
}
