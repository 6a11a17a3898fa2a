"""When a signed URL stops working, read from the parameters that the usual signers write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from archiver.domain.identity import MediaUrl
from archiver.domain.timing import parse_timestamp

# A URL with less than this left may run out before a clip of some MB is here on a slow line.
SOON = timedelta(minutes=2)
_COMPACT = "%Y%m%dT%H%M%SZ"


def expires_soon(url: MediaUrl, now: datetime) -> bool:
    """Tell whether a URL has run out, or will within two minutes; one without a known expiry has not."""
    moment = expiry_of(url)
    return moment is not None and moment - now < SOON


def expiry_of(url: MediaUrl) -> datetime | None:
    """Return the moment in UTC from which the URL is refused, or None where it does not say.

    AWS SigV4 and Google V4 (`X-Amz-Date` + `X-Amz-Expires`, `X-Goog-…`: a beginning and seconds), AWS SigV2
    and CloudFront (`Expires`: Unix seconds), Azure SAS (`se`: ISO 8601).
    """
    if not url.parts.query:
        return None
    query = parse_qs(url.parts.query, max_num_fields=100) if url.parts.query.count("&") < 100 else {}  # noqa: PLR2004 - no signer writes more
    found = {name.lower(): values[-1] for name, values in query.items()}
    for signer in ("amz", "goog"):
        moment = _from_span(found.get(f"x-{signer}-date"), found.get(f"x-{signer}-expires"))
        if moment:
            return moment
    return _from_unix(found.get("expires")) or parse_timestamp(found.get("se", ""))


def _from_span(begin: str | None, seconds: str | None) -> datetime | None:
    try:
        return datetime.strptime(begin or "", _COMPACT).replace(tzinfo=UTC) + timedelta(
            seconds=int(seconds or "")
        )
    except (ValueError, OverflowError):
        return None


def _from_unix(seconds: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
