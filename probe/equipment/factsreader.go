package equipment

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Limits of facts that come from elsewhere, chosen by us.
const (
	maxFacts = 16 << 10 // bytes of JSON
	maxText  = 100      // bytes of a text

	maxSide     = 1 << 15 // pixels of a picture's side
	maxFrames   = 1 << 30
	maxGibibyte = 1 << 14 // of memory
	leastLevel  = -400    // dBFS; 32 bits of a sample are 193
)

// ReadFacts reads facts from JSON, such as a page sends. It ignores fields that it does
// not know, and refuses texts that are long or have control characters, since they are
// shown to people. The error names the field.
func ReadFacts(data []byte) (Facts, error) {
	var f Facts
	if len(data) > maxFacts {
		return f, fmt.Errorf("facts: %d bytes, expected at most %d", len(data), maxFacts)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Facts{}, fmt.Errorf("facts: %w", err)
	}
	if err := f.check(); err != nil {
		return Facts{}, fmt.Errorf("facts: %w", err)
	}
	return f, nil
}

func (f Facts) check() error {
	switch {
	case f.Schema != FactsSchema:
		return fmt.Errorf("schema: %q, expected %q", f.Schema, FactsSchema)
	case f.By != ByProgram && f.By != ByPage:
		return fmt.Errorf("by: %q, expected %q or %q", f.By, ByProgram, ByPage)
	}
	for _, t := range f.texts() {
		if len(t.text) > maxText {
			return fmt.Errorf("%s: %d bytes, expected at most %d", t.field, len(t.text), maxText)
		}
		if strings.ContainsFunc(t.text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
			return fmt.Errorf("%s: %q, expected printable characters", t.field, t.text)
		}
	}
	if v := f.VirtualMachine; v != nil && (len(v.Looked) > 3 || len(v.Signs) > 3) {
		return fmt.Errorf("virtual_machine: %d sources and %d signs, expected at most 3 of each", len(v.Looked), len(v.Signs))
	}
	for field, a := range map[string]Access{"webcam.access": f.Webcam.access(), "microphone.access": f.Microphone.access()} {
		if !slices.Contains([]Access{"", Granted, Denied, Missing, Failed}, a) {
			return fmt.Errorf("%s: %q, expected granted, denied, missing or failed", field, a)
		}
	}
	if f.By == ByPage {
		if err := f.checkPage(); err != nil {
			return err
		}
	}
	return f.checkFigures()
}

// checkPage refuses what no page can know.
func (f Facts) checkPage() error {
	switch {
	case f.VirtualMachine != nil:
		return errors.New("virtual_machine: given, expected none: no page can know it")
	case f.System != nil && f.System.SMode != nil:
		return errors.New("system.s_mode: given, expected none: no page can know it")
	case f.Memory != nil && f.Memory.Bytes != nil:
		return errors.New("memory.bytes: given, expected rounded_gibibytes: no page can know it exactly")
	}
	return nil
}

// checkFigures refuses figures that no computer has.
func (f Facts) checkFigures() error {
	whole := func(field string, v *int, least, most int) error {
		if v != nil && (*v < least || *v > most) {
			return fmt.Errorf("%s: %d, expected %d to %d", field, *v, least, most)
		}
		return nil
	}
	number := func(field string, v *float64, least, most float64) error {
		if v != nil && !(*v >= least && *v <= most) {
			return fmt.Errorf("%s: %g, expected %g to %g", field, *v, least, most)
		}
		return nil
	}
	var errs []error
	if w := f.Webcam; w != nil {
		errs = append(errs, whole("webcam.width", w.Width, 1, maxSide), whole("webcam.height", w.Height, 1, maxSide), whole("webcam.frames", w.Frames, 0, maxFrames))
	}
	if m := f.Microphone; m != nil {
		errs = append(errs, number("microphone.level_dbfs", m.Level, leastLevel, 0))
	}
	if m := f.Memory; m != nil {
		errs = append(errs, number("memory.rounded_gibibytes", m.Rounded, 1.0/1024, maxGibibyte))
		if m.Bytes != nil && (*m.Bytes < 0 || *m.Bytes > maxGibibyte*gibibyte) {
			errs = append(errs, fmt.Errorf("memory.bytes: %d, expected 0 to %d", *m.Bytes, maxGibibyte*gibibyte))
		}
	}
	return errors.Join(errs...)
}

func (w *Webcam) access() Access {
	if w == nil {
		return ""
	}
	return w.Access
}

func (m *Microphone) access() Access {
	if m == nil {
		return ""
	}
	return m.Access
}

// field is a text of facts.
type field struct{ field, text string }

func (f Facts) texts() (out []field) {
	if s := f.System; s != nil {
		out = append(out, field{"system.name", s.Name}, field{"system.version", s.Version}, field{"system.hint", s.Hint},
			field{"system.title", s.Title}, field{"system.architecture", s.Architecture})
	}
	if b := f.Browser; b != nil {
		out = append(out, field{"browser.name", b.Name}, field{"browser.version", b.Version})
	}
	if v := f.VirtualMachine; v != nil {
		for _, e := range v.Looked {
			out = append(out, field{"virtual_machine.looked", string(e)})
		}
		for _, s := range v.Signs {
			out = append(out, field{"virtual_machine.signs", string(s.Source)}, field{"virtual_machine.signs", s.Found})
		}
	}
	return out
}
