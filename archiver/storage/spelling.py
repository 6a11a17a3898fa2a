"""File systems that take two spellings for one name: macOS and Windows disks, some network shares.

Ids are ASCII, so only upper and lower case matter, and no Unicode normal form does.
"""

from __future__ import annotations

import os

from archiver.domain.errors import OtherGenerationError
from archiver.storage.errors import shown
from archiver.storage.folder import Folder


def refuse_other_spelling(parent: Folder, name: str) -> None:
    """Raise `OtherGenerationError` where the folder `name` in `parent` was made under another spelling.

    Whoever made it has given it its name, once (mkdir(2)): of two ids that meet in one folder, even at the
    same time, it is one's own.
    """
    own, other = parent.stat(name), parent.stat(name.swapcase())
    if own is None or other is None or not os.path.samestat(own, other):
        return
    names = parent.names()
    if name not in names:
        twin = next((found for found in names if found.lower() == name.lower()), name.swapcase())
        what = f"{shown(parent.where(name))} is, on this disk, the folder of another id, {shown(twin)}"
        msg = f"{what}: keep one of the two in an archive of its own"
        raise OtherGenerationError(msg)
