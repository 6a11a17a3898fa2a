"""The input list: every form of manifest as one stream of rows.

The rules:

1. A row that cannot be used is a value (`RowRejected`), and the next row is read all the same.
2. A file that cannot be read at all is a `UsageError` that names it.
3. A row is held, never the file: a million rows take the memory of one, and one takes 8 MB at most.
"""

from archiver.batch.manifest.reader import check_manifest, read_manifest
from archiver.batch.manifest.row import ManifestRow, Row

__all__ = ["ManifestRow", "Row", "check_manifest", "read_manifest"]
