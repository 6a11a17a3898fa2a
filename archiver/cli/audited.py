"""What an audit found, in words and as the contract's JSON lines. Nothing here writes anywhere."""

from __future__ import annotations

from typing import Any

from archiver.domain.audit import AuditStatus, AuditTally, Finding
from archiver.domain.outcome import Tally
from archiver.domain.quantity import show_size


def found(finding: Finding) -> str:
    """Return the words for one asset."""
    what = f"{finding.asset}, " if finding.asset else ""
    place = finding.path or "no file"
    reason = f": {finding.error.message}" if finding.error else ""
    return f"{finding.status} {finding.id}: {what}{place}{reason}"


def finding_line(finding: Finding) -> dict[str, Any]:
    """Return what is told of one asset to a program."""
    error = finding.error
    return {
        "event": "asset",
        "id": finding.id,
        "asset": finding.asset,
        "status": finding.status,
        "path": finding.path,
        "bytes": finding.size,
        "error": error and {"kind": error.kind, "message": error.message},
    }


def audit_counts(tally: AuditTally) -> dict[str, int]:
    """Return the counts of an audit for a program."""
    counts = {status.value: tally.counts[status] for status in AuditStatus}
    return {**counts, "unknown": tally.unknown_files, "checked": tally.bytes_checked}


def summarize_audit(tally: Tally, audit: AuditTally) -> str:
    """Return what an audit came to, for a person."""
    parts = [f"{count} {status}" for status, count in audit.counts.items() if count]
    if audit.unknown_files:
        files = "file" if audit.unknown_files == 1 else "files"
        parts.append(f"{audit.unknown_files} unknown {files}")
    fetched = f", {show_size(tally.bytes_fetched)} fetched" if tally.bytes_fetched else ""
    return f"{', '.join(parts) or 'nothing to check'}: {show_size(audit.bytes_checked)} checked{fetched}"
