package config

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// variable is the environment variable that sets a key.
func variable(key string) string {
	return EnvPrefix + "_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// variables lists the environment variables that set keys.
func variables() (out []string) {
	for _, n := range root.keys() {
		out = append(out, variable(n.path))
	}
	return out
}

// strays finds environment variables that look like ours and set no key. One that
// resembles a key's is a mistake, and reported as a problem. Others only warn, since
// they may be somebody else's: Kubernetes sets EXAMLINK_SERVER_PORT beside a service
// named examlink-server.
func strays(environ []string, found *problems) (warnings []string) {
	known := variables()
	for _, v := range environ {
		name, text, _ := strings.Cut(v, "=")
		if text == "" || !strings.HasPrefix(strings.ToUpper(name), EnvPrefix[:4]) || slices.Contains(known, systemName(name)) {
			continue
		}
		switch like := Nearest(name, known); {
		case like != "":
			found.add(name, "unknown environment variable; did you mean %s?", like)
		case strings.HasPrefix(name, EnvPrefix+"_"):
			warnings = append(warnings, fmt.Sprintf("the environment variable %s sets no key of the configuration and is ignored", name))
		}
	}
	slices.Sort(warnings)
	return warnings
}

// systemName is a variable's name as this system compares names.
func systemName(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
