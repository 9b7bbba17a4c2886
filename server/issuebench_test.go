package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"examlink/server/api"
)

// BenchmarkIssueTokens issues 10,000 tokens over the API.
func BenchmarkIssueTokens(b *testing.B) {
	d := newDescribed(b)
	client, err := api.NewClient("http://127.0.0.1", "token", nil)
	if err != nil {
		b.Fatal(err)
	}
	client = client.WithTransport(unchecked{d})
	d.create(client)
	var csv bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&csv, "s-%05d,s%05d@example.edu,A\n", i, i)
	}
	p, err := client.CompareRoster(b.Context(), "msds-5001", csv.Bytes())
	if err == nil {
		_, err = client.ImportRoster(b.Context(), "msds-5001", csv.Bytes(), p.Version)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		page, _, err := client.IssueTokens(b.Context(), "msds-5001", api.IssueRequest{Contacts: true})
		if err != nil || len(page.Tokens) != 10_000 {
			b.Fatal(len(page.Tokens), err)
		}
	}
}

// unchecked answers without a look at the description.
type unchecked struct{ *described }

func (u unchecked) RoundTrip(r *http.Request) (*http.Response, error) {
	r.RemoteAddr = "127.0.0.1:1000"
	w := httptest.NewRecorder()
	u.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
