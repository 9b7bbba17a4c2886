package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Source says where a configuration came from.
type Source struct {
	File     string   // "": no file
	Empty    bool     // the file sets no key
	Warnings []string // about what was ignored
}

// Load reads the configuration: flags override the environment, which overrides
// the file, which overrides the defaults. path names the file; if empty, Load
// looks for one and continues without if there is none. flags maps keys such as
// "client.server" to flags; only flags that were set count. Every problem is reported
// at once, with its key.
func Load(path string, flags map[string]*pflag.Flag) (File, Source, error) {
	v := viper.New()
	v.SetEnvPrefix(EnvPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	for _, n := range root.keys() {
		// Bind each key: with AutomaticEnv, EXAMLINK_SERVER would hide the whole
		// section server.
		v.MustBindEnv(n.path)
	}
	var src Source
	if path == "" {
		path = find()
	} else if _, err := os.Stat(path); err != nil {
		return File{}, src, fmt.Errorf("configuration: %w", err)
	}
	if path != "" {
		v.SetConfigFile(path)
		v.SetConfigType("yaml")
		if err := v.ReadInConfig(); err != nil {
			return File{}, src, fmt.Errorf("configuration %s: %w", path, err)
		}
		src.File = path
		src.Empty = len(v.AllKeys()) == 0 || !slices.ContainsFunc(v.AllKeys(), v.InConfig)
	}
	for key, flag := range flags {
		if flag != nil && flag.Changed {
			v.Set(key, flag.Value.String())
		}
	}
	var unread, found problems
	src.Warnings = strays(os.Environ(), &unread)
	f := Default()
	root.decode("", reflect.ValueOf(&f).Elem(), v.AllSettings(), &unread)
	unread.suggestKeys()
	root.check("", reflect.ValueOf(f), &found)
	f.checkTogether(&found)
	// Do not report a second problem for values that could not be read.
	found = append(unread, slices.DeleteFunc(found, func(p problem) bool {
		return slices.ContainsFunc(unread, func(q problem) bool { return within(p.key, q.key) || within(q.key, p.key) })
	})...)
	if len(found) == 0 {
		return f, src, nil
	}
	slices.SortFunc(found, func(a, b problem) int { return cmp.Compare(a.key+a.text, b.key+b.text) })
	errs := make([]error, len(found))
	for i, p := range found {
		errs[i] = fmt.Errorf("%s: %s", p.key, p.text)
	}
	return File{}, src, fmt.Errorf("configuration%s:\n%w", in(src.File), errors.Join(errs...))
}

// within reports whether a key equals another or lies within it.
func within(key, other string) bool {
	rest, ok := strings.CutPrefix(key, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func in(file string) string {
	if file == "" {
		return ""
	}
	return " " + file
}

func find() string {
	dirs := []string{"."}
	if d, err := os.UserConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(d, "examlink"))
	}
	for _, d := range dirs {
		name := filepath.Join(d, FileName)
		if _, err := os.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}
