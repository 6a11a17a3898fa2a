"""Servers that nobody here wrote: a download that was killed midway goes on with each of them."""
