"""One asset, one generation: over real sockets, with a look at the disk afterwards."""
