"""The play of thirty nights: the story is staged, each night is run, and held against what it is to be."""

from __future__ import annotations

import hashlib
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

from archiver.batch.audit.selecting import Scope
from archiver.domain.ledger import RunEnd, RunRecord
from archiver.domain.sidecar import decode_sidecar
from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from tests.nightly.disturbed import Disturber, held_of
from tests.nightly.expectation import Expectation, ExpectedRun, Kept, Record
from tests.nightly.nights import Nights
from tests.nightly.one_night import patient_options
from tests.nightly.spoiling import path_of, spoil
from tests.nightly.stage import COLUMNS, Stage
from tests.nightly.story import Fault, Kind, Life, Night, Way
from tests.runs.running import Run, leftovers
from tests.simulator import Service

_KILLED, _DISK_IS_FULL = -signal.SIGKILL, 1
_SENT = {200, 206}


@dataclass(slots=True)
class Play:
    """The play below `folder`; `complaints` are what was not as it was to be."""

    service: Service
    folder: Path
    complaints: list[str] = field(default_factory=list)
    expectation: Expectation = field(default_factory=Expectation)
    stage: Stage = field(init=False)
    nights: Nights = field(init=False)
    _held: dict[tuple[str, str], int] = field(default_factory=dict)
    """The bytes of files that a disturbed run has left unfinished."""
    _asked: int = 0
    _recorded: int = 0

    def __post_init__(self) -> None:
        """Set the stage."""
        self.stage = Stage(self.service, self.folder)
        self.nights = Nights(self.service, self.folder / "archive")
        self.nights.options = patient_options(self.service.api_base, self.nights.archive)

    async def play(self, story: Sequence[Night]) -> None:
        """Play these nights."""
        for night in story:
            await self._add(night)
            self.stage.turn_to(night.number)
            spoil(self.nights.archive, self.expectation, night)
            self.nights.clock.moment = night.moment
            if night.fault.ends_the_run:
                await self._disturb(night)
            else:
                expected = self.expectation.run(night)
                self._compare(night, expected, (await self._run(night)).report.exit_code)
            if night.audited:
                await self._audit(night, night.audited)

    async def _add(self, night: Night) -> None:
        """Put what is new on the list, some hours before the night."""
        self.nights.clock.moment = moment = night.moment - timedelta(hours=6)
        for life in night.added:
            self.stage.bring_on(life)
        by = {way: [life for life in night.added if life.way is way] for way in Way}
        manifests = [self.stage.write_table(by[Way.TABLE]), self.stage.write_answers(by[Way.ANSWERS])]
        additions = await self.nights.add(*(life.id for life in by[Way.IDS]), manifests=manifests)
        if additions.added != len(night.added):
            self._complain(night, f"{additions}, to be added were {len(night.added)}")
        self.expectation.add(chain.from_iterable(by.values()), moment)

    async def _run(self, night: Night) -> Run:
        if night.command == "batch":
            return await self.nights.batch(self.stage.write_ids())
        return await self.nights.sync()

    async def _audit(self, night: Night, part: float) -> None:
        self.nights.clock.moment = moment = night.moment + timedelta(hours=1)
        expected = self.expectation.audit(replace(night, moment=moment), part)
        scope = Scope(sample=part) if part < 1 else Scope()
        run = await self.nights.verify(scope, repair=True)
        self._compare(replace(night, moment=moment), expected, run.report.exit_code)

    async def _disturb(self, night: Night) -> None:
        """Let the night's run be killed, or find no room."""
        disturber = Disturber(service=self.service, archive=self.nights.archive)
        if night.fault is Fault.KILLED_AT_ONCE:
            nothing = ExpectedRun(command="sync", exit_code=_KILLED, counts={}, fetched=Counter())
            self._compare(night, nothing, (await disturber.kill_at_once(night)).code)
            return
        (large,) = (life for life in night.added if life.kind is Kind.LARGE)
        served = self.stage.served[large.id]
        expected = self.expectation.run(night, without=large)
        others = sum(expected.counts.values())
        ended = await disturber.strike_half_way(night, served, others=others)
        expected.fetched.update((large.id, name) for name in ("thumbnail", "last_frame"))
        killed = night.fault is Fault.KILLED_HALF_WAY
        expected = replace(expected, exit_code=_KILLED if killed else _DISK_IS_FULL)
        self._compare(night, expected, ended.code, without=served.video.path)
        if ended.code != expected.exit_code:
            self._complain(night, f"the run said {ended.err!a}")
        held = held_of(self.nights.archive, served)
        self._held |= {(large.id, name): size for name, size in held.items()}

    def _compare(self, night: Night, expected: ExpectedRun, code: int, *, without: str = "") -> None:
        """Hold a run against what it was to be; the bytes of the path `without` are any."""
        if code != expected.exit_code:
            self._complain(night, f"{expected.command} ended with {code}, not {expected.exit_code}")
        rows = self.nights.runs
        row, self._recorded = rows[0], self._recorded + 1
        if len(rows) != self._recorded:
            self._complain(night, f"{len(rows)} runs are recorded, not {self._recorded}")
        for wrong in _wrong_in(row, expected, night):
            self._complain(night, f"the row of {expected.command} says {wrong}")
        sent, to_send = self._sent(), self._to_send(expected)
        for path in sorted((sent.keys() | to_send.keys()) - {without}):
            if sent[path] != to_send[path]:
                self._complain(
                    night, f"{sent[path]} bytes of {path} were fetched, needed are {to_send[path]}"
                )

    def _sent(self) -> Counter[str]:
        """Return the bytes of media, by path, that were sent since this was asked for."""
        sent: Counter[str] = Counter()
        for exchange in self.service.log[self._asked :]:
            if not exchange.is_api and exchange.status in _SENT:
                sent[exchange.path] += exchange.body_bytes
        self._asked = len(self.service.log)
        return sent

    def _to_send(self, expected: ExpectedRun) -> Counter[str]:
        """Return the bytes that are needed: of what is held in part the rest, and the overlap."""
        needed: Counter[str] = Counter()
        for (generation_id, name), times in expected.fetched.items():
            file = self.stage.file(generation_id, name)
            held = self._held.pop((generation_id, name), 0)
            rest = len(file.body) - held
            overlap = min(held, OVERLAP_UNDER_VALIDATOR_BYTES) if rest else 0
            needed[file.path] += times * (rest + overlap)
        return needed

    def _complain(self, night: Night, words: str) -> None:
        self.complaints.append(f"night {night.number} ({night.fault}): {words}")


def _wrong_in(row: RunRecord, expected: ExpectedRun, night: Night) -> Iterator[str]:
    """Say in what a row of the ledger is not as it was to be."""
    if (row.begin.command, row.begin.at) != (expected.command, night.moment):
        yield f"it was {row.begin.command}, at {row.begin.at}"
    if row.end is None:
        # On a disk without room the row's end may find none either.
        if expected.exit_code != _KILLED and night.fault is not Fault.DISK_FULL:
            yield "nothing of its end"
    else:
        yield from _wrong_in_end(row.end, expected)


def _wrong_in_end(end: RunEnd, expected: ExpectedRun) -> Iterator[str]:
    if end.exit_code != expected.exit_code:
        yield f"exit code {end.exit_code}"
    if (end.error.kind if end.error else None) != ("disk_full" if expected.exit_code == 1 else None):
        yield f"{end.error}"
    if end.counts != expected.counts:
        found, wanted = Counter(end.counts), Counter(expected.counts)
        yield f"{dict(found - wanted)} instead of {dict(wanted - found)}"


def wrong_at_the_end(play: Play) -> Iterator[str]:
    """Say what is wrong with the archive that thirty nights have left."""
    for kept in play.expectation.kept.values():
        for wrong in _wrong_in_archive(play, kept):
            yield f"{kept.life.id}: {wrong}"
    yield from (f"left over: {name}" for name in leftovers(play.nights.archive))


def _wrong_in_archive(play: Play, kept: Kept) -> Iterator[str]:
    life, archive = kept.life, play.nights.archive
    if life.could_be_had and not kept.is_sound:
        yield f"could be had, and is expected to be {kept}"
    sidecars = list(archive.glob(f"generations/*/*/{life.id}/sidecar.json"))
    if bool(sidecars) != bool(kept.record):
        yield f"there are {sidecars}, expected is {kept.record}"
    for sidecar in map(decode_sidecar, (path.read_bytes() for path in sidecars)):
        if (sidecar.state == "failed") != (kept.record is Record.TOMBSTONE):
            yield f"its sidecar says {sidecar.state}"
        if sidecar.manifest_row != (COLUMNS if life.way is Way.TABLE else sidecar.manifest_row):
            yield f"of its row in the manifest {sidecar.manifest_row} is left"
    for name in sorted(kept.held) if sidecars else ():
        yield from _wrong_in_file(play, life, name, is_rotten=name in kept.rotten)


def _wrong_in_file(play: Play, life: Life, name: str, *, is_rotten: bool) -> Iterator[str]:
    found = hashlib.sha256(path_of(play.nights.archive, life.id, name).read_bytes()).hexdigest()
    served = hashlib.sha256(play.stage.file(life.id, name).body).hexdigest()
    if (found == served) == is_rotten:
        yield f"{name} is {found}, served was {served}"
