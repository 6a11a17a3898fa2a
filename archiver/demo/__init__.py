"""The bundled service: makes real clips and serves API and media on loopback."""
