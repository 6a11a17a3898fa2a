"""Lives of an archive: a run that is killed, a look at what is left, perhaps another, a run that finishes."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from archiver.domain.sidecar import Sidecar
from tests.crash.invariants import broken_at_any_moment, broken_at_the_end, read_sidecars, still_to_fetch
from tests.crash.kills import (
    AfterSeconds,
    Boundaries,
    DiskFull,
    Disturbance,
    count_calls,
    draw_disturbance,
    run_disturbed,
)
from tests.crash.world import World, write_manifest
from tests.machine.program import Ended, Program
from tests.runs.running import options_for, run_manifests, with_network
from tests.simulator import Service

_KILLED = -signal.SIGKILL
# One life in so many has a second kill, and of those again as many a third.
_LIVES_A_FURTHER_KILL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is killed: a run from nothing, or one that replaces what did not match its metadata."""

    name: str
    options: Sequence[str]
    begin: Callable[[World], None]
    again: str | None
    """The generation whose mismatched files are fetched again."""

    def expected_code(self, before: dict[str, Sidecar]) -> int:
        """Return the exit code of a run that finishes what is archived so far."""
        if self.again:
            return 0
        if "failed" not in before:
            return 3
        return 0 if "mismatched" in before else 4


FROM_NOTHING = Scene(name="from nothing", options=(), begin=World.break_promise, again=None)
REPLACING = Scene(
    name="replacing", options=("--retry-mismatched",), begin=World.keep_promise, again="mismatched"
)


@dataclass(slots=True)
class Findings:
    """What a harness has seen: kills by kind, full disks, runs that neither reached, what was broken."""

    kills: Counter[str] = field(default_factory=Counter)
    full_disks: int = 0
    unreached: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many runs were killed."""
        return self.kills.total()


class Harness:
    """Kills runs below `folder`, drawing how and when from `seed`."""

    def __init__(self, service: Service, folder: Path, *, seed: int) -> None:
        self.findings = Findings()
        self._world = World.on(service)
        self._service = service
        self._folder = folder
        self._manifest = write_manifest(folder, self._world)
        self._chance = random.Random(seed)  # noqa: S311 - kills are drawn by it
        self._measured: dict[str, tuple[Boundaries, float]] = {}
        self._lives = 0

    async def measure(self) -> None:
        """Run each scene undisturbed: that tells at which calls it can be killed, and how long it takes."""
        for scene in (FROM_NOTHING, REPLACING):
            archive = self._prepare(scene)
            began_s = time.monotonic()
            boundaries = await count_calls(self._program(archive), self._arguments(scene))
            if not boundaries:
                await self._finish(archive, scene)
            self._measured[scene.name] = boundaries, time.monotonic() - began_s
            if scene is FROM_NOTHING:
                archive.rename(self._folder / "template")

    async def live(self) -> None:
        """Live one life and add to the findings."""
        scene = self._chance.choice((FROM_NOTHING, REPLACING))
        archive = self._prepare(scene)
        story: list[Disturbance] = []
        while True:
            story.append(draw_disturbance(self._chance, *self._measured[scene.name]))
            expected = scene.expected_code(read_sidecars(archive))
            ended = await run_disturbed(self._program(archive), self._arguments(scene), story[-1])
            self._note(scene, story, broken_at_any_moment(archive, self._world))
            is_undone = self._count(story[-1], ended)
            if not is_undone and ended.code != expected:
                self._note(scene, story, [f"the run exited with {ended.code}, not {expected}: {ended.err!a}"])
            # Of a disk that was full at the very last, SQLite's log may be left: the next run takes it in.
            if not is_undone and not isinstance(story[-1], DiskFull):
                self._note(scene, story, broken_at_the_end(archive, self._world))
            if not is_undone or self._chance.randrange(_LIVES_A_FURTHER_KILL):
                break
        self._note(scene, story, await self._finish(archive, scene))
        shutil.rmtree(archive)

    def _count(self, disturbance: Disturbance, ended: Ended) -> bool:
        """Count what became of a run; tell whether it was kept from finishing."""
        if ended.code == _KILLED:
            kind = "some time" if isinstance(disturbance, AfterSeconds) else disturbance.call
            self.findings.kills[kind] += 1
            return True
        if isinstance(disturbance, DiskFull) and ended.code == 1:
            self.findings.full_disks += 1
            if len(ended.complaints) != 1 or " room" not in ended.complaints[0]:
                self.findings.broken.append(f"{disturbance}: it says {ended.err!a}")
            return True
        self.findings.unreached += 1
        return False

    async def _finish(self, archive: Path, scene: Scene) -> list[str]:
        """Let a run finish; return what it did wrong."""
        expected = scene.expected_code(read_sidecars(archive))
        allowed = still_to_fetch(archive, self._world, again=scene.again)
        seen = len(self._service.log)
        patient = with_network(options_for(self._service, archive), stall_timeout_s=30, api_timeout_s=30)
        options = replace(patient, retry_mismatched=scene.again is not None)
        run = await run_manifests(options, [self._manifest])
        wrong = [*broken_at_any_moment(archive, self._world), *broken_at_the_end(archive, self._world)]
        if run.report.exit_code != expected:
            reason = run.report.error.message if run.report.error else "by its generations"
            wrong.append(f"the next run exited with {run.report.exit_code}, not {expected}: {reason}")
        return wrong + list(self._fetched_too_much(seen, allowed))

    def _fetched_too_much(self, seen: int, allowed: dict[str, int]) -> Iterator[str]:
        fetched: Counter[str] = Counter()
        for exchange in self._service.log[seen:]:
            if not exchange.is_api:
                fetched[exchange.path] += exchange.body_bytes
        for path, count in fetched.items():
            if count > allowed.get(path, 0):
                yield f"the next run fetched {count} bytes of {path}, {allowed.get(path, 0)} were to fetch"

    def _prepare(self, scene: Scene) -> Path:
        scene.begin(self._world)
        self._lives += 1
        archive = self._folder / f"archive-{self._lives}"
        if scene is REPLACING:
            # With their times: the index knows folders by when they changed.
            shutil.copytree(self._folder / "template", archive)
        else:
            archive.mkdir()
        return archive

    def _program(self, archive: Path) -> Program:
        return Program(service=self._service, archive=archive)

    def _arguments(self, scene: Scene) -> list[str]:
        return ["batch", str(self._manifest), *scene.options]

    def _note(self, scene: Scene, story: list[Disturbance], broken: Iterator[str] | list[str]) -> None:
        self.findings.broken += [f"{scene.name}, {', '.join(map(str, story))}: {words}" for words in broken]
