package clock

import "syscall"

// Functions of kernel32.dll that package syscall lacks. None has been tested on a
// real Windows: the code builds, is vetted, and follows Microsoft's documentation.
var (
	kernel32 = syscall.NewLazyDLL("kernel32.dll")

	procQueryPerformanceCounter    = kernel32.NewProc("QueryPerformanceCounter")
	procQueryPerformanceFrequency  = kernel32.NewProc("QueryPerformanceFrequency")
	procQueryUnbiasedInterruptTime = kernel32.NewProc("QueryUnbiasedInterruptTime")
	procGetTickCount64             = kernel32.NewProc("GetTickCount64")
	procCreateWaitableTimerExW     = kernel32.NewProc("CreateWaitableTimerExW")
	procSetWaitableTimer           = kernel32.NewProc("SetWaitableTimer")
	procWaitForMultipleObjects     = kernel32.NewProc("WaitForMultipleObjects")
	procCreateEventW               = kernel32.NewProc("CreateEventW")
	procSetEvent                   = kernel32.NewProc("SetEvent")
)

// have reports whether this Windows has all of procs.
func have(procs ...*syscall.LazyProc) bool {
	for _, p := range procs {
		if p.Find() != nil {
			return false
		}
	}
	return true
}
