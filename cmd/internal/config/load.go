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

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Source says where a configuration came from.
type Source struct{ File string }

// problem is one thing wrong with the configuration.
type problem struct{ key, text string }

// Load reads the configuration: flags over environment over file over
// defaults. path names the file; empty looks for one and does without if there
// is none. flags maps keys such as "client.server" to flags; only flags that
// were set count. Every problem is reported at once, with its key.
func Load(path string, flags map[string]*pflag.Flag) (File, Source, error) {
	f := Default()
	v := viper.New()
	v.SetEnvPrefix(EnvPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	for _, key := range keys("", reflect.TypeFor[File]()) {
		// Each key by itself: AutomaticEnv would let EXAMLINK_SERVER hide all
		// of server.
		v.MustBindEnv(key)
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
	}
	for key, flag := range flags {
		if flag != nil && flag.Changed {
			v.Set(key, flag.Value.String())
		}
	}
	err := v.UnmarshalExact(&f, func(c *mapstructure.DecoderConfig) {
		c.DecodeHook = mapstructure.ComposeDecodeHookFunc(
			mapstructure.DecodeHookFuncType(unitHook), mapstructure.DecodeHookFuncType(listHook), mapstructure.DecodeHookFuncType(plainHook))
		c.WeaklyTypedInput = false // it takes true for 1 and 1.9 for 1
	})
	f.Server.Alerts.fill()
	found := problems(err)
	for _, p := range f.check() {
		// What could not be read need not be judged as well.
		if !slices.ContainsFunc(found, func(q problem) bool { return q.key == p.key || strings.HasPrefix(q.key, p.key+".") }) {
			found = append(found, p)
		}
	}
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

// problems takes a decoder's error apart into its keys.
func problems(err error) (out []problem) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked, not searched
	case nil:
	case *mapstructure.DecodeError:
		unknown, ok := strings.CutPrefix(e.Unwrap().Error(), "has invalid keys: ")
		if !ok {
			return []problem{{e.Name(), e.Unwrap().Error()}}
		}
		for _, key := range strings.Split(unknown, ", ") {
			out = append(out, problem{strings.TrimPrefix(e.Name()+"."+key, reflect.TypeFor[File]().String()+"."), "unknown key"})
		}
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			out = append(out, problems(err)...)
		}
	case interface{ Unwrap() error }:
		return problems(e.Unwrap())
	default:
		out = append(out, problem{"configuration", err.Error()})
	}
	return out
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

// keys lists a struct's leaves by their key.
func keys(prefix string, t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("mapstructure")
		if f.Type.Kind() == reflect.Struct {
			out = append(out, keys(key+".", f.Type)...)
			continue
		}
		out = append(out, key)
	}
	return out
}
