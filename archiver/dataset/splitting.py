"""Which split a generation belongs to: by a hash, so that what is added later moves nothing."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass

from archiver.dataset.example import Example
from archiver.domain.errors import UsageError

# `datasets` allows words alone (splits.py: _split_re), and means by "all" every split.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_COLUMN = "column:"
_HASH_BITS = 64
_EXAMPLE = "write train=0.9,val=0.05,test=0.05, a single name, or column:NAME"


@dataclass(frozen=True, slots=True)
class Parts:
    """Splits by their shares of the whole, in this order."""

    shares: tuple[tuple[str, float], ...]

    def split_of(self, value: str) -> str:
        """Return the split of whatever has this value: always the same one."""
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
        place, end = int.from_bytes(digest[: _HASH_BITS // 8], "big") / 2**_HASH_BITS, 0.0
        for name, share in self.shares:
            end += share
            if place < end:
                return name
        # Shares like 0.1 are not exact: their sum may fall short of 1 by a hair.
        return next(name for name, share in reversed(self.shares) if share)


@dataclass(frozen=True, slots=True)
class ByColumn:
    """Splits as a column of the manifest names them."""

    column: str


Splits = Parts | ByColumn


def parse_splits(text: str) -> Splits:
    """Return splits from `train=0.9,val=0.1`, `train`, or `column:split`. Raises `UsageError`."""
    if text.startswith(_COLUMN) and len(text) > len(_COLUMN):
        return ByColumn(text.removeprefix(_COLUMN))
    if "=" not in text:
        return Parts(((check_split(text.strip()), 1.0),))
    shares = tuple(_share(part) for part in text.split(","))
    names = [name for name, _ in shares]
    if len(set(names)) < len(names):
        msg = f"{text[:80]!a} names a split twice: {_EXAMPLE}"
        raise UsageError(msg)
    total = math.fsum(share for _, share in shares)
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        msg = f"the shares of {text[:80]!a} come to {total:g}, not to 1: {_EXAMPLE}"
        raise UsageError(msg)
    return Parts(shares)


def order_of(splits: Splits, found: set[str]) -> list[str]:
    """Return the splits that were found, in the order in which they are written."""
    if isinstance(splits, Parts):
        return [name for name, _ in splits.shares if name in found]
    return sorted(found)


def value_of(example: Example, split_by: str) -> str:
    """Return what decides an example's place. Raises `UsageError` where that is not the id or the prompt."""
    match split_by:
        case "id":
            return example.id
        case "prompt":
            # What is not known is not one and the same prompt.
            return example.prompt or example.id
        case _:
            msg = f"{split_by[:40]!a}: split by id, or by prompt"
            raise UsageError(msg)


def check_split(name: str) -> str:
    """Return `name` if it can be a split's. Raises `UsageError`."""
    if _NAME.fullmatch(name) and name.lower() != "all":
        return name
    msg = f"{name[:40]!a} cannot be a split's name, which is letters, digits and _, and not 'all': {_EXAMPLE}"
    raise UsageError(msg)


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        number = float(share)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        msg = f"{text[:40]!a} is not a split and its share: {_EXAMPLE}"
        raise UsageError(msg)
    return check_split(name.strip()), number
