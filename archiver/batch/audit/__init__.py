"""The audit: what is on disk held against the sidecars, and what is damaged handed on to be repaired."""
