package monitor

// reversed returns the account as the other end would have it: what went up went down.
// Of duplicates and reordering only the way back was seen, which is then the way up:
// it says nothing of them.
func (a *Account) reversed() *Account {
	b := *a
	b.LostUp, b.LostDown = a.LostDown, a.LostUp
	b.GapUp, b.GapDown = a.GapDown, a.GapUp
	b.OneWayUp, b.OneWayDown = a.OneWayDown, a.OneWayUp
	b.PDVUp, b.PDVDown = a.PDVDown, a.PDVUp
	b.IPDVUp, b.IPDVDown = a.IPDVDown, a.IPDVUp
	b.LoadedUp, b.LoadedDown = a.LoadedDown, a.LoadedUp
	b.RunsUp, b.RunsDown = a.RunsDown, a.RunsUp
	b.JitterUp, b.JitterDown = a.JitterDown, a.JitterUp
	b.DuplicatesDown, b.ReorderedDown = 0, 0
	return &b
}
