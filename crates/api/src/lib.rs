//! HTTP: the JSON API, OpenAPI, feeds, health and metrics.
