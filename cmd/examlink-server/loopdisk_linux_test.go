package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loopDisk is an ext4 file system in an image, on a loop device.
type loopDisk struct {
	t     *testing.T
	image string
	dir   string // where it is mounted
}

// newLoopDisk makes and mounts a disk of so many megabytes. Without the rights or the
// programs for it the test is skipped.
func newLoopDisk(t *testing.T, megabytes int64) *loopDisk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a loop device")
	}
	for _, name := range []string{"mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	d := &loopDisk{t: t, image: filepath.Join(t.TempDir(), "disk")}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	if out, err := d.mount(); err != nil {
		t.Skipf("loop devices cannot be mounted here: %v: %s", err, out)
	}
	return d
}

func (d *loopDisk) mount() ([]byte, error) {
	d.dir = d.t.TempDir()
	out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput()
	if err == nil {
		d.t.Cleanup(d.unmount)
	}
	return out, err
}

// unmount unmounts the disk unless it is already.
func (d *loopDisk) unmount() {
	if d.dir == "" {
		return
	}
	if out, err := exec.Command("umount", d.dir).CombinedOutput(); err != nil {
		d.t.Errorf("umount: %v: %s", err, out)
	}
	d.dir = ""
}

// losePower mounts what the device has received by now, in place of the disk: writes
// that the kernel had not passed to the device are lost. Nobody may write meanwhile;
// free makes those who have files open on it end.
//
// What the device has received counts as kept: a device that loses what is in a volatile
// cache of its own, in spite of a flush or without one, is not emulated.
func (d *loopDisk) losePower(free func()) {
	d.t.Helper()
	kept := d.settled()
	free()
	d.unmount()
	d.image = filepath.Join(d.t.TempDir(), "disk")
	if err := os.WriteFile(d.image, kept, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if out, err := d.mount(); err != nil {
		d.t.Fatalf("the disk cannot be mounted again: %v: %s", err, out)
	}
}

// settled is the image as it was at one moment: the kernel may write in the background,
// and then a copy is a mixture.
func (d *loopDisk) settled() []byte {
	d.t.Helper()
	var last []byte
	for range 20 {
		now, err := os.ReadFile(d.image)
		if err != nil {
			d.t.Fatal(err)
		}
		if bytes.Equal(last, now) {
			return now
		}
		last = now
	}
	d.t.Fatal("the image changes all the time")
	return nil
}

// freeze stops a process and waits until all of its threads have stopped.
func (p *process) freeze() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
	threads := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "task", "*", "stat")
	for began := time.Now(); !allStopped(p.t, threads); time.Sleep(ms) {
		if time.Since(began) > time.Minute {
			p.t.Fatal("the process does not stop")
		}
	}
}

// allStopped reports whether the threads with these files are stopped.
func allStopped(t testing.TB, pattern string) bool {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads in %s: %v", pattern, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		if _, state, _ := strings.Cut(string(b), ") "); !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return true
}
