// Package ui holds the parts that all of examlink's pages share: colours for light,
// dark and print, type, the badge of a state, buttons, the chart, and how a page gets
// its texts. A page embeds nothing else of that kind.
//
// It serves files and knows how they look. It refuses to know what a page shows: it
// neither measures nor judges, and opens no listener.
//
// # Texts
//
// A page has one catalogue for each language: a flat JSON object of texts by key, in a
// file named by its language, such as en.json. The keys "language" and "direction"
// ("ltr" or "rtl") describe the catalogue itself. A text may have places such as
// {count}; a text that depends on a number has a key for each plural category, such as
// checks.one and checks.other. text.js puts the texts where data-text names their
// keys. So a translation is one more file.
package ui

import (
	"embed"
	"net/http"
)

// Files are the shared files, by the names under which pages refer to them: ui.css,
// chart.js, state.js, text.js, icon.svg.
//
//go:embed *.css *.js *.svg
var Files embed.FS

// StyleName is the name of the style sheet in Files, for pages that must contain it.
const StyleName = "ui.css"

// policy lets a page load scripts, styles and images, and ask for data, from where it
// came from only. Nothing written into the page itself is run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Headers sets what the answers of all pages have in common: the content security
// policy, no guessing of types, no referrer, and isolation from pages of other origins.
// Call it first; a page may then replace what it needs otherwise.
func Headers(h http.Header) {
	for _, x := range [][2]string{
		{"Content-Security-Policy", policy},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Embedder-Policy", "require-corp"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	} {
		h.Set(x[0], x[1])
	}
}
