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

func descriptionRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: DescriptionPath, Roles: proctors, answer: func(http.ResponseWriter, *http.Request) (any, error) {
			b, err := descriptionJSON()
			return json.RawMessage(b), err
		}},
		{Method: http.MethodGet, Path: DescriptionYAMLPath, Roles: proctors, answer: func(w http.ResponseWriter, _ *http.Request) (any, error) {
			w.Header().Set("Content-Type", "application/yaml")
			return description, nil
		}},
	}
}
