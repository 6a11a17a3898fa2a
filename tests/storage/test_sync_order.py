"""What outlives a power cut, seen from the system calls: short of a power cut nothing else shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.processes import ROOT
from tests.storage.samples import GENERATION

_CALL = re.compile(r"(fsync|rename\w*|link\w*)\((.*)\) += 0")
_FSYNC = re.compile(r"\d+<(.*)>")
_TARGET = re.compile(r'"([^"]*)"(?:, \w+)?$')

_COMMIT = """
import sys
from pathlib import Path
from archiver.domain.identity import AssetName
from archiver.storage.archive import Archive
from archiver.storage.store import Link
from tests.storage.samples import FOLDER, record, sidecar, stage

archive = Archive.open(Path(sys.argv[1]))
video = record("video.mp4", b"clip")
raw = record("video_raw.mp4", b"clip", same_as=AssetName.VIDEO)
assets = {AssetName.VIDEO: video, AssetName.VIDEO_RAW: raw}
staged = {"video.mp4": stage(archive, AssetName.VIDEO, b"clip"), "video_raw.mp4": Link("video.mp4")}
archive.commit(FOLDER, sidecar(assets), staged)
"""
_BROKEN_DOWNLOAD = """
import asyncio, sys
from pathlib import Path
from archiver.storage.archive import Archive
from tests.storage.downloads import BODY, break_off

asyncio.run(break_off(Archive.open(Path(sys.argv[1])), BODY))
"""


def test_a_commit_syncs_bytes_then_names_then_the_sidecar(tmp_path: Path) -> None:
    """A name that outlives a power cut must not lead to bytes that did not."""
    calls = _trace(_COMMIT, tmp_path)
    order = [
        ("sync", "generations"),
        ("sync", "12"),
        ("sync", "video.part"),
        ("name", "video.mp4"),
        ("link", "video_raw.mp4"),
        ("sync", GENERATION),
        ("sync", "*.tmp"),
        ("name", "sidecar.json"),
        ("sync", GENERATION),
    ]
    rest = iter(calls)
    assert [call for call in order if call in rest] == order, calls


def test_a_journal_says_synced_of_nothing_that_is_not(tmp_path: Path) -> None:
    """After a power cut it is what the resume goes by."""
    calls = _trace(_BROKEN_DOWNLOAD, tmp_path)
    assert calls == [
        ("name", "video.json"),
        ("sync", "video.part"),
        ("sync", "*.tmp"),
        ("name", "video.json"),
        ("sync", GENERATION),
    ]


def test_a_journal_that_is_replaced_is_synced_before_new_bytes_come(tmp_path: Path) -> None:
    """Started anew, then a power cut: the old journal must not vouch for the new file's bytes."""
    _trace(_BROKEN_DOWNLOAD, tmp_path)
    calls = _trace(_BROKEN_DOWNLOAD, tmp_path)
    assert calls[:4] == [
        ("sync", "*.tmp"),
        ("name", "video.json"),
        ("sync", GENERATION),
        ("sync", "video.part"),
    ]


def _trace(script: str, root: Path) -> list[tuple[str, str]]:
    """Run a script and return what it synced and named, by the last part of the path, in order."""
    strace = shutil.which("strace")
    log = root / "calls.log"
    if strace is None or _run(strace, log, "pass", root).returncode != 0:
        pytest.skip("system calls cannot be traced here")
    done = _run(strace, log, script, root / "archive")
    assert done.returncode == 0, done.stderr
    found = [_CALL.search(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [_told(call[1], call[2]) for call in found if call and not call[2].endswith(".pyc")]


def _told(call: str, arguments: str) -> tuple[str, str]:
    if call == "fsync":
        path = _FSYNC.match(arguments)
        assert path, arguments
        return "sync", _plain(path[1])
    path = _TARGET.search(arguments)
    assert path, arguments
    return "name" if call.startswith("rename") else "link", _plain(path[1])


def _plain(path: str) -> str:
    name = path.rpartition("/")[2]
    return "*.tmp" if name.endswith(".tmp") else name


def _run(strace: str, log: Path, script: str, root: Path) -> subprocess.CompletedProcess[str]:
    calls = "trace=fsync,rename,renameat,renameat2,link,linkat"
    command = [
        strace,
        "-f",
        "-qq",
        "-y",
        "-e",
        calls,
        "-o",
        str(log),
        sys.executable,
        "-B",
        "-c",
        script,
        str(root),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own scripts
