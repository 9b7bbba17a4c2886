package delivery

import (
	"examlink/server/alert"
	"time"
)

// Attend takes who has connected for the exams that are not over. It does not block.
func (n *Notifier) Attend(at time.Time, exams []alert.Attendance) {
	n.enqueue(input{judge: func(c *alert.Correlator) {
		if n.role != alone { // it does not know whom the others have
			c.Attend(at, exams)
		}
	}})
}

// Connect takes that a student has connected. It does not block.
func (n *Notifier) Connect(at time.Time, exam, student string) {
	n.enqueue(input{judge: func(c *alert.Correlator) { c.Connect(exam, student, at) }})
}
