package ratetest

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// muchLost reports whether the path lost more than a fifth of a train.
func muchLost(rep wire.TrainReport) bool {
	return rep.SenderUnsent == 0 && rep.SenderSkipped == 0 && rep.SenderHeld == 0 && 5*rep.Received < 4*rep.Sent
}

// climbStep returns the factor from a proved rate to the next offered one.
func climbStep(bound float64) float64 {
	if bound > fastRate {
		return climbGentle
	}
	return climbFactor
}

// climbTrain returns a train at a rate that may be above the link's.
func climbTrain(d wire.Direction, rate float64) wire.TrainRequest {
	r := wire.TrainRequest{Direction: d, PrimeRate: rate, HoldTime: holdTime, StopRise: primeRise}
	r.PrimeBytes = max(int64(rate/8*climbTime.Seconds()), 60e3)
	if rate > quickRate {
		r.StopRise, r.PrimeBytes = quickRise, int64(rate/8*climbFast.Seconds()+primeBucket+primeMargin)
	}
	if rate > fastRate {
		r.HoldTime = fastHold
	}
	r.MaxBytes = r.PrimeBytes * 2
	return r
}

// refineTrain returns a train that fills a link of roughly known rate and keeps it full.
func refineTrain(d wire.Direction, guess float64, packet int) wire.TrainRequest {
	hold := min(refineHold, max(refineLeast, time.Duration(refineBytes*8/guess*float64(time.Second))))
	hold = min(max(hold, time.Duration(refineCount*float64(packet+28)*8/guess*float64(time.Second))), refineMax)
	r := wire.TrainRequest{Direction: d, PrimeRate: guess * refineFactor, HoldTime: hold, StopRise: primeRise}
	if guess > quickRate {
		r.StopRise = quickRise
	}
	if guess > fastRate {
		r.PrimeRate, r.HoldTime = guess*refineFast, fastHold
	}
	r.PrimeBytes = int64(min(guess/8*0.2+refineBucket, r.PrimeRate/8*refinePrime.Seconds()))
	r.MaxBytes = r.PrimeBytes + int64(guess/8*r.HoldTime.Seconds()*1.2) + 50e3
	return r
}

// spoiltBy returns why a train gave no reading.
func spoiltBy(d wire.Direction, rep wire.TrainReport) string {
	sender := "the server"
	if d == wire.Up {
		sender = "this computer"
	}
	switch {
	case rep.Outcome == string(ippm.OutcomeHost):
		return sender + " was too busy to send evenly"
	case rep.SenderUnsent > 0 || rep.SenderSkipped > rep.Duration/10:
		return sender + " could not send fast enough"
	case rep.Outcome == string(ippm.OutcomeBound):
		return "the test did not fill the link, and some packets were lost"
	}
	return "too few packets arrived"
}
