package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Paths of the description of the API in OpenAPI 3.1.
const (
	DescriptionPath     = "/api/v1/openapi.json"
	DescriptionYAMLPath = "/api/v1/openapi.yaml"
)

//go:embed openapi.yaml
var description []byte

// descriptionJSON converts the description.
var descriptionJSON = sync.OnceValues(func() ([]byte, error) {
	var v any
	if err := yaml.Unmarshal(description, &v); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return json.Marshal(v)
})

func (a *API) mountDescription(to mux) {
	to.Handle("GET "+DescriptionPath, a.operators(func(w http.ResponseWriter, _ *http.Request) error {
		b, err := descriptionJSON()
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, json.RawMessage(b))
	}))
	to.Handle("GET "+DescriptionYAMLPath, a.operators(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/yaml")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(description) // fails if the client has disconnected
		return nil
	}))
}
