"""A disk that is really full, and one that is really read-only: mounted in a namespace of the test's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.processes import ROOT

_NAMESPACE = ["--user", "--map-root-user", "--mount"]

_FULL = """
import asyncio, subprocess, sys
from pathlib import Path
from archiver.domain.errors import DiskFullError
from archiver.domain.identity import AssetName
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.storage.downloads import BODY, clip, receive
from tests.storage.samples import FOLDER, URL, digest, record, sidecar
from tests.storage.test_index import commit

root = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(root)], check=True)
archive = Archive.open(root)
ballast = root / "ballast"
ballast.write_bytes(b"b" * 2_000_000)

def refused(work):
    try:
        work()
    except DiskFullError:
        return
    raise AssertionError("not refused")

refused(lambda: asyncio.run(receive(clip(archive), BODY)))
held = asyncio.run(clip(archive).recall(URL))
assert 1_000_000 < held.length < len(BODY), held
refused(lambda: archive.commit(FOLDER, sidecar({}), {}))
refused(lambda: Index.open(archive))
ballast.unlink()
partial = clip(archive)
asyncio.run(partial.recall(URL))
asyncio.run(receive(partial, BODY[held.length:], at=held.length))
staged = asyncio.run(partial.seal())
assert staged.sha256 == digest(BODY)
archive.commit(FOLDER, sidecar({AssetName.VIDEO: record("video.mp4", BODY)}), {"video.mp4": staged.path})
assert archive.survey(FOLDER).present == {AssetName.VIDEO}
with Index.open(archive) as index:
    assert len(list(index.entries())) == 1
"""

_READ_ONLY = """
import subprocess, sys
from pathlib import Path
from archiver.domain.errors import ArchiveError
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.storage.test_index import _IDS, commit

root = Path(sys.argv[1])
archive = Archive.open(root)
with Index.open(archive) as index:
    entry = commit(archive, _IDS[0])
    index.record(entry)
subprocess.run(["mount", "--bind", str(root), str(root)], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
try:
    Archive.open(root)
except ArchiveError as error:
    assert "read-only" in error.message, error
else:
    raise AssertionError("not refused")
archive = Archive.open(root, writable=False)
with Index.open(archive, writable=False) as index:
    assert list(index.entries()) == [entry]
"""


@pytest.fixture
def unshare() -> str:
    """Return the program that makes the namespace, where it may."""
    program = shutil.which("unshare")
    if program is None or _run(program, "pass", Path()).returncode != 0:
        pytest.skip("no mount namespaces here")
    return program


@pytest.mark.parametrize("script", [_FULL, _READ_ONLY], ids=["full", "read-only"])
def test_a_disk_that_refuses_is_told_and_loses_nothing(unshare: str, script: str, tmp_path: Path) -> None:
    """Full: room is made, and the next run goes on. Read-only: told before work, and can be read."""
    done = _run(unshare, script, tmp_path)
    assert done.returncode == 0, done.stderr


def _run(unshare: str, script: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [unshare, *_NAMESPACE, sys.executable, "-c", script, str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own scripts
