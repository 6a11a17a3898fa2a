"""The job that nobody watches: what it leaves for whoever looks in the morning, and for the next night."""
