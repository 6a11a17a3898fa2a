"""Resolve an id: one interface, one file a service."""
