"""From an archive to a dataset that a training run loads: what is chosen, how it is laid out and written."""
