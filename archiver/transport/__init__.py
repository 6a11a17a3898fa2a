"""Bytes from the network: engines, address guard, redirects, rate."""
