package main

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

func TestServiceArguments(t *testing.T) {
	root := newRoot()
	watch, _, err := root.Find([]string{"watch"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	watch.RunE = func(c *cobra.Command, _ []string) error {
		got, err = serviceArguments(c.Flags(), filepath.Join("exam", "config.yaml"))
		return err
	}
	root.SetArgs([]string{"watch", "--config", "exam/config.yaml", "--install", "--floor-every", "1m", "--policy", "default", "a.b.c"})
	if err := root.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(filepath.Join("exam", "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"--config=" + file, "--floor-every=1m", "--policy=default"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	left := variables([]string{"PATH=/bin", "EXAMLINK_POLICY=x", "EXAMLINK_CLIENT_TOKEN=a.b.c", "EXAMLINK_CLIENT_SERVER=h:1"})
	if want := []string{"EXAMLINK_CLIENT_SERVER", "EXAMLINK_POLICY"}; !slices.Equal(left, want) {
		t.Errorf("variables %q, want %q", left, want)
	}
}
