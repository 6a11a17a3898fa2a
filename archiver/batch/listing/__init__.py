"""What the archive has and what it still owes, as rows that can be filtered and sorted. No I/O."""
