"""The archive on disk: atomic files, partial downloads, the store, the index, the lock."""
