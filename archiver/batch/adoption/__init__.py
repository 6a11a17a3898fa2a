"""Files that somebody downloaded before: found, held against the answers, and taken into the archive."""
