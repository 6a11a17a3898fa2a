"""The demo: makes clips, serves them on this machine, and archives them as from the real service."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from archiver.assembly.options import NetworkOptions, Options
from archiver.assembly.session import archive_ids
from archiver.cli.loop import run_until_stopped
from archiver.cli.outputs import open_outputs
from archiver.cli.running import stop_on_broken_output
from archiver.cli.settings import Display
from archiver.cli.text import is_terminal
from archiver.demo.clips import Clip, OnClip, make_clips
from archiver.demo.plan import DemoGeneration, plan_demo
from archiver.demo.service import DemoService
from archiver.domain.events import Event, GenerationFinished, Observer
from archiver.domain.identity import GenerationId
from archiver.domain.outcome import Outcome, RunReport
from archiver.domain.timing import PollPolicy
from archiver.runtime.stopping import Stop, unless_stopped

# The port that the saved answers among the sample manifests speak of.
SERVED_PORT = 8765
_WAIT_S = 60.0
# The service gets on by one state with each question.
_POLL = PollPolicy(first_interval_s=0.2, longest_interval_s=0.2, growth=1.0)

Plan = Sequence[DemoGeneration]


def archive_demo(archive: Path, *, count: int, port: int | None) -> int:
    """Archive what the service offers and return the exit code, 0 where all went as staged.

    Raises `RunError` where there is no ffmpeg or no port, or when it is interrupted.
    """
    plan, stop, stage = plan_demo(count), Stop(), Stage()
    report = run_until_stopped(lambda: _archive(plan, archive, port or 0, stage, stop), stop)
    if stage.went_as_planned(plan):
        click.echo(_good_end(plan, archive))
        return 0
    click.echo("luma-archiver: the demo did not go as staged: see above", err=True)
    return report.exit_code or 1


def serve_demo(*, count: int, port: int | None) -> int:
    """Serve until told to stop. Raises `RunError` where there is no ffmpeg or no port."""
    plan, stop = plan_demo(count), Stop()
    return run_until_stopped(lambda: _serve(plan, SERVED_PORT if port is None else port, stop), stop)


class Stage:
    """An observer that compares how generations end with how they were to end."""

    def __init__(self) -> None:
        self._outcomes: dict[GenerationId, Outcome] = {}

    def __call__(self, event: Event) -> None:
        """Take note of an end."""
        if isinstance(event, GenerationFinished):
            self._outcomes[event.result.id] = event.result.outcome

    def went_as_planned(self, plan: Plan) -> bool:
        """Tell whether all that completed is archived and all that failed is recorded, now or before."""
        wanted = {
            generation.id: Outcome.FAILED if generation.failure_reason else Outcome.ARCHIVED
            for generation in plan
        }
        return wanted.keys() == self._outcomes.keys() and all(
            outcome in {wanted[generation_id], Outcome.UNCHANGED}
            for generation_id, outcome in self._outcomes.items()
        )


async def _archive(plan: Plan, archive: Path, port: int, stage: Stage, stop: Stop) -> RunReport:
    with TemporaryDirectory(prefix="luma-archiver-demo-") as folder:
        clips = await unless_stopped(_make_clips(plan, Path(folder)), stop)
        async with DemoService(plan, clips, port=port) as service:
            on_broken = stop_on_broken_output(stop)
            with open_outputs(Display(), generations=len(plan), on_broken=on_broken) as outputs:
                options, observer = _options(service, archive), _both(stage, outputs)
                report = await archive_ids(service.ids, options, observer, stop)
                outputs.finish(report)
    return report


async def _serve(plan: Plan, port: int, stop: Stop) -> int:
    with TemporaryDirectory(prefix="luma-archiver-demo-") as folder:
        clips = await unless_stopped(_make_clips(plan, Path(folder)), stop)
        async with DemoService(plan, clips, port=port) as service:
            click.echo(_invitation(service))
            await stop.wait()
    return 0


def _both(one: Observer, other: Observer) -> Observer:
    def observer(event: Event) -> None:
        one(event)
        other(event)

    return observer


def _options(service: DemoService, archive: Path) -> Options:
    return Options(
        archive=archive,
        network=NetworkOptions(api_base=service.api_base, api_key=service.api_key, allow_private_hosts=True),
        wait_s=_WAIT_S,
        poll=_POLL,
    )


async def _make_clips(plan: Plan, folder: Path) -> Mapping[GenerationId, Clip]:
    with _clip_progress(sum(not generation.failure_reason for generation in plan)) as on_clip:
        return await make_clips(plan, folder, on_clip)


@contextmanager
def _clip_progress(total: int) -> Iterator[OnClip]:
    """Show how many clips are made: as a bar on a terminal, otherwise in one line."""
    if not is_terminal(sys.stderr):
        click.echo(f"making clips: {total}", err=True)
        yield lambda _generation, _clip: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - without a terminal there is no need of it

    bar_format = "making clips: {n_fmt}/{total_fmt} |{bar}| {elapsed}"
    with tqdm(total=total, bar_format=bar_format, file=sys.stderr, dynamic_ncols=True, leave=False) as bar:

        def on_clip(_generation: DemoGeneration, _clip: Clip) -> None:
            bar.update()

        yield on_clip


def _good_end(plan: Plan, archive: Path) -> str:
    failed = sum(bool(generation.failure_reason) for generation in plan)
    recorded = f", {failed} that failed at the service is on record" if failed else ""
    return (
        f"All went as staged: {len(plan) - failed} generations are in {archive}/generations{recorded}.\n"
        "Run it again, and nothing is fetched. To try things by hand: luma-archiver demo --serve"
    )


def _invitation(service: DemoService) -> str:
    options = f"--api-base {service.api_base} --allow-private-hosts --archive demo-archive"
    return (
        f"Serving {len(service.ids)} generations until Ctrl-C. In another terminal:\n"
        f"  export LUMA_API_KEY={service.api_key.secret}\n"
        f"  luma-archiver get {service.ids[0]} {options}"
    )
