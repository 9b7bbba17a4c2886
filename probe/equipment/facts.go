package equipment

// FactsSchema names the layout of Facts in JSON.
const FactsSchema = "examlink.equipment-facts/1"

// Facts are what was found about a computer, by a program on it or by a web page.
// What is nil or empty is not known.
type Facts struct {
	Schema         string          `json:"schema"`
	By             By              `json:"by"`
	System         *System         `json:"system,omitempty"`
	Memory         *Memory         `json:"memory,omitempty"`
	Tablet         *bool           `json:"tablet,omitempty"`
	VirtualMachine *VirtualMachine `json:"virtual_machine,omitempty"`
	Browser        *Browser        `json:"browser,omitempty"`
	Webcam         *Webcam         `json:"webcam,omitempty"`
	Microphone     *Microphone     `json:"microphone,omitempty"`
}

// By is who found the facts.
type By string

// The finders.
const (
	ByProgram By = "program" // examlink check
	ByPage    By = "page"    // a page in the student's browser
)

// The names of systems that requirements and refusals speak of. Other systems have
// their own, in small letters, such as freebsd.
const (
	Windows   = "windows"
	WindowsRT = "windows-rt"
	MacOS     = "macos"
	Linux     = "linux"
	ChromeOS  = "chromeos"
	Android   = "android"
	IOS       = "ios"
	IPadOS    = "ipados"
)

// System is the operating system.
type System struct {
	Name string `json:"name"`
	// Version is as people know it: 14.5 of macOS; vista, 7, 8, 8.1, 10 or 11 of Windows.
	// A page leaves it out where the browser freezes it, as all do in their user agent.
	Version string `json:"version,omitempty"`
	// OrNewer says that Version is the least that it can be: browsers call Windows 11 "10",
	// too.
	OrNewer bool `json:"or_newer,omitempty"`
	// Hint is the version as a browser hints at it (Sec-CH-UA-Platform-Version). On
	// Windows its numbers are others; Version takes precedence.
	Hint         string `json:"hint,omitempty"`
	Title        string `json:"title,omitempty"` // for people, such as Debian 12.8
	Architecture string `json:"architecture,omitempty"`
	SMode        *bool  `json:"s_mode,omitempty"` // Windows: only programs from its store run
}

// Memory is the computer's main memory: what the system reports, or what a browser
// rounds it to.
type Memory struct {
	Bytes *int64 `json:"bytes,omitempty"` // usable by the system, a little less than is installed
	// Rounded is navigator.deviceMemory, in GiB: a power of two near the true amount,
	// within limits that depend on the browser's version.
	Rounded *float64 `json:"rounded_gibibytes,omitempty"`
}

// VirtualMachine is what points to one.
type VirtualMachine struct {
	Looked []Evidence `json:"looked"` // sources that could be read
	Signs  []Sign     `json:"signs"`  // at most one of each source
}

// Evidence is a source of signs. The sources are independent: a hypervisor is told
// about each one separately.
type Evidence string

// The sources.
const (
	Processor Evidence = "processor" // what the processor, or the kernel about it, says
	Firmware  Evidence = "firmware"  // the maker and model that the firmware names
	Devices   Evidence = "devices"   // devices that only hypervisors have
)

// Sign is one sign of a virtual machine.
type Sign struct {
	Source Evidence `json:"source"`
	Found  string   `json:"found"` // in plain words, such as: the firmware names "QEMU"
}

// Browser is the browser that a page runs in.
type Browser struct {
	Name    string `json:"name"` // in small letters: chrome, firefox, safari, edge, chromium, ...
	Version string `json:"version,omitempty"`
}

// Access is whether a page could use a device.
type Access string

// The kinds of access.
const (
	Granted Access = "granted"
	Denied  Access = "denied"  // by the student, the browser or the system
	Missing Access = "missing" // there is no such device
	Failed  Access = "failed"  // it cannot be opened, as when another program uses it
)

// Webcam is what a page saw of the chosen webcam. No picture is part of it.
type Webcam struct {
	Access Access `json:"access"`
	Width  *int   `json:"width,omitempty"` // of the pictures that came, in pixels
	Height *int   `json:"height,omitempty"`
	Frames *int   `json:"frames,omitempty"` // counted
	Black  *bool  `json:"black,omitempty"`  // all pictures are dark
	Frozen *bool  `json:"frozen,omitempty"` // all pictures are the same
}

// Microphone is what a page heard of the chosen microphone. No sound is part of it.
type Microphone struct {
	Access   Access   `json:"access"`
	Level    *float64 `json:"level_dbfs,omitempty"` // the highest, in decibels below full scale: 0 or less
	Silent   *bool    `json:"silent,omitempty"`
	Clipping *bool    `json:"clipping,omitempty"`
}
