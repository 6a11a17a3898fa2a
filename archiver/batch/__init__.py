"""Many generations over time: manifests and the runner."""
