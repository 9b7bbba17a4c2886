package grafana

// Heights of panels, in rows of 30 pixels.
const (
	Low  = 4  // one number
	Mid  = 8  // lines
	High = 12 // tables and timelines
)

// AddRow adds a heading and, below it, panels of one height side by side, across
// of them in a line. Further panels continue in the next line.
func (d *Dashboard) AddRow(title string, height, across int, panels ...Panel) {
	y := d.bottom()
	d.Panels = append(d.Panels, Panel{
		ID: len(d.Panels) + 1, Type: Row, Title: title, GridPos: GridPos{H: 1, W: Columns, Y: y},
	})
	d.place(y+1, height, across, panels)
}

// Add adds panels at the bottom, without a heading.
func (d *Dashboard) Add(height, across int, panels ...Panel) {
	d.place(d.bottom(), height, across, panels)
}

func (d *Dashboard) place(y, height, across int, panels []Panel) {
	width := Columns / across
	for i, p := range panels {
		p.ID = len(d.Panels) + 1
		p.GridPos = GridPos{H: height, W: width, X: i % across * width, Y: y + i/across*height}
		d.Panels = append(d.Panels, p)
	}
}

// bottom is the first free line.
func (d *Dashboard) bottom() int {
	y := 0
	for _, p := range d.Panels {
		y = max(y, p.GridPos.Y+p.GridPos.H)
	}
	return y
}
