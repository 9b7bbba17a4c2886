package equipment

// refusedByProctorU is what ProctorU names as not supported, on each of its pages.
func refusedByProctorU() []Refusal { return Refusals() }

// ProctorU2019 returns the requirements of the exam provider's table as CU Boulder
// published it for remote proctoring in 2019, the default policy's.
func ProctorU2019() Requirements {
	return Requirements{
		Source: "ProctorU requirements as published by CU Boulder for remote proctoring", Date: "2019",
		Webcam: "640x480", WebcamRecommended: "1280x720", Microphone: true, Memory: 1024,
		Browsers: []string{"chrome", "firefox", "safari"},
		Systems:  []Accepted{{Windows, "vista", "10"}, {MacOS, "10.5", "10.13"}},
		Refused:  refusedByProctorU(),
	}
}

// ProctorU2020 returns the requirements of ProctorU's support article 115011772748.
func ProctorU2020() Requirements {
	return Requirements{
		Source: "ProctorU support article 115011772748", Date: "2020",
		Webcam: "640x480", WebcamRecommended: "1280x720", Microphone: true, Memory: 4096, MemoryRecommended: 16384,
		Browsers: []string{"chrome", "firefox"},
		Systems:  []Accepted{{Windows, "8", "10"}, {MacOS, "10.13", "10.15"}},
		Refused:  refusedByProctorU(),
	}
}

// ProctorU2025 returns ProctorU's requirements for exams with a live proctor as
// ichs.zendesk.com republished them, article 40399294670739.
func ProctorU2025() Requirements {
	return Requirements{
		Source: "ProctorU requirements as republished by ichs.zendesk.com", Date: "2025",
		Webcam: "640x480", Microphone: true, Memory: 8192,
		Browsers: []string{"chrome"},
		Systems:  []Accepted{{Windows, "10", ""}, {MacOS, "11", ""}},
		Refused:  refusedByProctorU(),
	}
}
