"""Every fault that a media host or the API can have, over real sockets; afterwards the disk is looked at."""
