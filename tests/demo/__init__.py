"""The bundled service over real sockets, with real clips."""
