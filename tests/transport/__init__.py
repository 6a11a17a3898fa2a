"""Bytes from the network, over both engines and real sockets."""
