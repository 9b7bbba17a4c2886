package view

import (
	"embed"
	"io/fs"

	"examlink/probe/ui"
)

//go:embed page
var files embed.FS

// Page returns the files of the page and its texts. index.html runs host.js, which who
// serves the page adds: it takes the states from where they are, and calls view.js.
func Page() (tree fs.FS, texts ui.Catalogues, err error) {
	if tree, err = fs.Sub(files, "page"); err != nil {
		return nil, nil, err
	}
	text, err := fs.Sub(tree, "text")
	if err != nil {
		return nil, nil, err
	}
	texts, err = ui.ReadCatalogues(text)
	return tree, texts, err
}
