package rehearsal

import (
	"fmt"

	"examlink/probe/equipment"
)

// Chosen by us.
const (
	fewFrames    = 5.   // a second: below, a proctor sees single pictures
	plainFrames  = 10.  // a second: below, movements are jerky
	frozenSome   = 0.05 // of the time: up to here it may be chance
	frozenMost   = 0.1  // of the time
	oftenLimited = 0.5  // of the time
)

const (
	remedyRate = "Your upload may be too slow for webcam and screen together; something else may be using it. Pause cloud backup and photo sync, end other video calls, then repeat the check. If it stays so, use another network for the exam."
	remedyBusy = "Close other programs, plug in the charger, and repeat the check."
	remedyLoss = "Use a cable, or move closer to the Wi-Fi access point and away from other Wi-Fi networks."
	remedyFar  = "If you use a VPN, disconnect it; avoid satellite links and phone hotspots. Pause cloud backup and other video calls."
)

// arrived reports whether anything of a stream was there to show.
func (j *judge) arrived(k Kind) bool { return j.figures[k].Frames > 0 }

// arrival finds streams of which nothing could be shown.
func (j *judge) arrival() {
	for _, k := range []Kind{Webcam, Screen} {
		f, announced := j.figures[k]
		if !announced || f.Frames > 0 {
			continue
		}
		if k == Screen && f.Lost == 0 && j.evidence.Streams[k].Totals().Frames > 0 {
			continue // nothing on it changed
		}
		if s := j.evidence.Browser.of(k); f.Packets == 0 && s != nil && s.Frames == 0 {
			j.find(IDArrival, equipment.NotKnown, "Choose it again, and repeat the rehearsal.", "Your browser sent no picture of the %s.", k)
			continue
		}
		j.find(IDArrival, equipment.NotMet, remedyRate, "No picture of the %s arrived at the exam's server.", k)
	}
}

// webcam judges resolution, pictures a second and freezes.
func (j *judge) webcam() {
	if !j.arrived(Webcam) {
		return
	}
	f, want := j.figures[Webcam], j.plan.Webcam
	cause, remedy := j.cause(Webcam)
	said := fmt.Sprintf("The webcam arrived with %dx%d pixels at %.0f pictures a second", f.Width, f.Height, f.FrameRate)
	switch {
	case f.Width == 0:
		j.find(IDWebcam, equipment.NotKnown, "", "The webcam arrived; its size is not known.")
	case max(f.Width, f.Height) < max(want.Width, want.Height) || min(f.Width, f.Height) < min(want.Width, want.Height):
		j.find(IDWebcam, cause, remedy, "%s; the exam needs %dx%d.", said, want.Width, want.Height)
	case f.FrameRate < fewFrames:
		j.find(IDWebcam, cause, remedy, "%s, which is too few to see you move.", said)
	case f.FrameRate < plainFrames:
		j.find(IDWebcam, justOnly(cause), remedy, "%s, so that movements are jerky.", said)
	default:
		j.find(IDWebcam, equipment.Met, "", "%s.", said)
	}
	j.freezes(Webcam)
}

func (j *judge) freezes(k Kind) {
	f := j.figures[k]
	if f.Freezes == 0 {
		return
	}
	cause, remedy := j.cause(k)
	said := fmt.Sprintf("The %s stood still %s, for %.1f s of %.0f s", k, times(f.Freezes), f.Frozen, j.result.Judged)
	if f.Frozen <= frozenSome*j.result.Judged {
		j.find(IDFreezes, equipment.Met, "", "%s, which may be chance.", said)
		return
	}
	if f.Untaken > f.Frozen/2 && !j.heldBack() {
		j.find(IDFreezes, equipment.NotKnown, remedyBusy, "%s, because your browser took no pictures.", said)
		return
	}
	if f.Frozen <= frozenMost*j.result.Judged {
		cause = justOnly(cause)
	}
	j.find(IDFreezes, cause, remedy, "%s.", said)
}

// justOnly returns the status of a fault that does not stop an exam.
func justOnly(s equipment.Status) equipment.Status {
	if s == equipment.NotMet {
		return equipment.OnlyJust
	}
	return s
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// screen judges the screen. How many pictures it has depends on what moves on it.
func (j *judge) screen() {
	f, announced := j.figures[Screen]
	if !announced {
		j.find(IDScreen, equipment.NotKnown, "", "The screen was not sent.")
		return
	}
	if f.Frames == 0 {
		return
	}
	if f.Width > 0 {
		j.find(IDScreen, equipment.Met, "", "The screen arrived with %dx%d pixels.", f.Width, f.Height)
	} else {
		j.find(IDScreen, equipment.Met, "", "The screen arrived.")
	}
	j.freezes(Screen)
}

// cause returns how much a bad picture counts, and what to do: a computer that is too busy
// says nothing about the link.
func (j *judge) cause(k Kind) (equipment.Status, string) {
	if s := j.evidence.Browser.of(k); s != nil && s.Busy != nil && *s.Busy >= oftenLimited {
		return equipment.NotKnown, remedyBusy
	}
	if l := j.figures[k].Loss; l != nil && j.policy.Minimum.Loss > 0 && *l > j.policy.Minimum.Loss {
		return equipment.NotMet, remedyLoss
	}
	return equipment.NotMet, remedyRate
}
