package daemon_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"examlink/cmd/internal/daemon"
)

func TestLoggerWritesDurationsForPeople(t *testing.T) {
	for format, want := range map[string]string{"json": `"silent":"1.08s"`, "text": "silent=1.08s"} {
		var out bytes.Buffer
		daemon.Logger(&out, slog.LevelInfo, format).Info("session state changed", "silent", 1080*time.Millisecond)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: %q, expected %s in it", format, out.String(), want)
		}
	}
}
