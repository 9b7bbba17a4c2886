package plan

import (
	"maps"
	"strconv"
	"strings"
	"time"
)

// AheadRule is how long before an exam a check is asked for: 72 hours of 3,600 seconds,
// whatever the days between are long.
const AheadRule = 72 * time.Hour

// Said is a sentence by the key of its words.
type Said struct {
	Words string // key of AheadWords
	Hours int    // fills {hours}
}

var aheadWords = map[string]string{
	"early":  "This check is {hours} hours ahead: the rule to test 72 hours before is met.",
	"repeat": "Test again with the same computer, on the same network, at the same time of day as the exam.",
	"late":   "This check is {hours} hours ahead, less than the 72 hours that are asked for: it counts as late.",
	"begun":  "The exam has begun.",
	"over":   "The exam is over.",
}

// AheadWords returns the words of Ahead, in English, by their keys. The check page has the
// same in its catalogue.
func AheadWords() map[string]string { return maps.Clone(aheadWords) }

// Ahead says what follows from the time of a check for an exam.
func Ahead(starts, ends, checked time.Time) []Said {
	ahead := starts.Sub(checked)
	hours := int(ahead.Hours())
	switch {
	case ahead >= AheadRule:
		return []Said{{"early", hours}, {"repeat", hours}}
	case ahead > 0:
		return []Said{{"late", hours}}
	case checked.Before(ends):
		return []Said{{Words: "begun"}}
	}
	return []Said{{Words: "over"}}
}

// String returns the sentence.
func (s Said) String() string {
	return strings.ReplaceAll(aheadWords[s.Words], "{hours}", strconv.Itoa(s.Hours))
}
