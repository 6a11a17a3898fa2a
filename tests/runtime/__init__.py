"""What the machine shows the archiver, and how trying again goes."""
