"""A manifest of any length: each id once, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import ArchiveError
from archiver.domain.identity import GenerationId
from archiver.storage.seen import Seen
from tests.storage.processes import running

_MANY = """
import hashlib
from pathlib import Path
from archiver.storage.seen import Seen

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

with Seen() as seen:
    seen.add("first")
    before = resident()
    new = sum(seen.add(hashlib.md5(str(number % 150_000).encode()).hexdigest()) for number in range(200_000))
    print(new, resident() - before, flush=True)
"""


@given(st.lists(st.text(alphabet="abcABC-._", min_size=1, max_size=4)))
def test_an_id_is_new_once(ids: list[str]) -> None:
    """As a set in memory would have it; upper and lower case are different ids."""
    met: set[str] = set()
    with Seen() as seen:
        for text in ids:
            assert seen.add(GenerationId(text)) == (text not in met)
            met.add(text)


@given(st.lists(st.lists(st.text(alphabet="ab", min_size=1, max_size=3), max_size=20), max_size=5))
def test_many_at_once_are_what_they_are_one_by_one(chunks: list[list[str]]) -> None:
    """Also where one stands twice in a chunk."""
    with Seen() as seen, Seen() as one_by_one:
        for chunk in chunks:
            ids = [GenerationId(text) for text in chunk]
            new = {generation_id for generation_id in ids if one_by_one.add(generation_id)}
            assert seen.add_all(ids) == new


def test_more_than_a_statement_takes_are_no_error() -> None:
    """A statement takes some hundred values; whoever asks need not know."""
    ids = [GenerationId(str(number)) for number in range(2000)]
    with Seen() as seen:
        assert seen.add_all(ids) == set(ids)
        assert seen.add_all(ids) == set()


def test_memory_does_not_grow_with_the_ids(tmp_path: Path) -> None:
    """A set of a million strings takes 100 MB and more; here it is the cache, once."""
    output = tmp_path / "output"
    script = _MANY.replace("flush=True", f"flush=True, file=open({str(output)!r}, 'w')") + "print()\n"
    if not Path("/proc/self/statm").exists():
        pytest.skip("this system does not tell a process's memory")
    with running(script):
        pass
    new, growth = map(int, output.read_text(encoding="utf-8").split())
    assert new == 150_000
    assert growth < 20_000_000


def test_what_was_met_is_gone_with_the_run() -> None:
    """The next run begins anew."""
    with Seen() as seen:
        assert seen.add(GenerationId("x"))
    with Seen() as seen:
        assert seen.add(GenerationId("x"))
    with pytest.raises(ArchiveError, match="closed"):
        seen.add(GenerationId("y"))
