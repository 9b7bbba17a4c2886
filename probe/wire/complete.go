package wire

// complete reports whether the field is set that the type of a message names.
func (m Message) complete() bool {
	switch m.Type {
	case TypeHello:
		return m.Hello != nil
	case TypeWelcome:
		return m.Welcome != nil
	case TypeRefused:
		return m.Refused != nil
	case TypeTrainRequest:
		return m.TrainRequest != nil
	case TypeTrainReady:
		return true
	case TypeTrainReport:
		return m.TrainReport != nil
	case TypeCount:
		return true // empty in a request
	case TypeGoodput:
		return m.Goodput != nil
	case TypeReport:
		return m.Report != nil
	case TypeReported:
		return m.Reported != nil
	case TypeBye:
		return m.Bye != nil
	case TypeArrivals:
		return m.Arrivals != nil
	case TypeProgress:
		return m.Progress != nil
	case TypeWatched:
		return m.Watched != nil
	case TypePresent:
		return m.Present != nil
	case TypeEquipment:
		return m.Equipment != nil
	case TypeRehearse:
		return m.Rehearse != nil
	case TypeRehearsal:
		return m.Rehearsal != nil
	case TypeRehearsed:
		return m.Rehearsed != nil
	}
	return false
}
