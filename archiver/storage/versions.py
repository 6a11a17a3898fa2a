"""The versions of the index's tables, and how a file of one version becomes one of the next."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.storage.database import Database

CATALOG_VERSION = 3
# Which generations are incomplete, mismatched or failed is asked every night: without a look at the others.
BY_STANDING = "CREATE INDEX by_standing ON generations (state, verification, id)"
# The sidecars say why a generation failed: those of failed ones, and no others, are read again. What row a
# manifest had is looked up when one is held against it.
_REASONS_AND_ROWS = (
    "ALTER TABLE generations ADD COLUMN failure_reason TEXT",
    "ALTER TABLE generations ADD COLUMN row_digest INTEGER",
    "UPDATE generations SET folder_mtime_ns = 0 WHERE state = 'failed'",
    "UPDATE mark SET is_clean = 0 WHERE EXISTS (SELECT 1 FROM generations WHERE state = 'failed')",
)
# A version without an entry is not converted: the index is made anew from the sidecars.
_STEPS: Mapping[int, tuple[str, ...]] = {1: (BY_STANDING,), 2: _REASONS_AND_ROWS}


def version_of(database: Database) -> int:
    """Return the version of an index's tables; 0 for a file whose making was cut short."""
    ((version,),) = database.rows("PRAGMA user_version")
    return int(version)


def is_convertible(database: Database) -> bool:
    """Tell whether the tables are of an earlier version from which steps lead on."""
    return version_of(database) in _STEPS


def convert(database: Database) -> None:
    """Go all steps from the tables' version on; each is done whole or not at all. Raises `ArchiveError`."""
    while (version := version_of(database)) in _STEPS:
        database.change_all((*_STEPS[version], f"PRAGMA user_version = {version + 1}"))
