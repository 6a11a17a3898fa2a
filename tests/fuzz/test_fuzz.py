"""A small campaign of the fuzzer; `docs/security.md` tells of a long one."""

from __future__ import annotations

import random
from pathlib import Path

from archiver.domain.checks import MediaKind
from archiver.media.sniff import sniff
from tests.fuzz.campaign import cases, run
from tests.fuzz.corpus import corpus
from tests.fuzz.mutation import mutate

_COUNT = 300
_SEED = 300


async def test_no_mutated_file_crashes_hangs_or_eats_memory(tmp_path: Path) -> None:
    """Bytes of strangers go through decoders written in C: a process ends, and never the run."""
    report = await run(_SEED, _COUNT, tmp_path)
    assert [f"{found.case.number} ({found.case.name}): {found.reason}" for found in report.findings] == []
    assert report.verdicts.total() == _COUNT
    # Neither so hard that all is refused at the door, nor so soft that nothing is wrong.
    assert report.verdicts["measured"] > _COUNT // 10
    assert report.verdicts["damaged"] > _COUNT // 4


def test_the_corpus_has_every_kind_of_media() -> None:
    """A kind that is not in it is not tried."""
    assert {sniff(sample.data) for sample in corpus()} == set(MediaKind)


def test_a_number_and_a_seed_make_the_same_file_again() -> None:
    """What was found can be looked at."""
    assert list(cases(7, 20)) == list(cases(7, 20))
    assert list(cases(7, 20)) != list(cases(8, 20))


def test_every_mutation_changes_something_now_and_then() -> None:
    """And none raises, whatever is left of the file."""
    data = corpus()[0].data
    changed = [mutate(random.Random(seed), data[: seed % 40], data) for seed in range(300)]  # noqa: S311 - nothing secret
    assert sum(found != data[: seed % 40] for seed, found in enumerate(changed)) > 200
