"""Staged and renamed: what DEST holds when an export breaks off, and what the next one does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archiver.dataset.archived import ArchiveMedia
from archiver.dataset.destination import make_destination, prepare
from archiver.dataset.events import ExportEvent, FileWritten
from archiver.dataset.exporting import Export, UnloadableError, Work
from archiver.dataset.media import Losses, Media
from archiver.dataset.options import Destination, ExportOptions, FormatName, LayoutOptions, Linking
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece, MediaPiece, Piece
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.record import DatasetRecord, fingerprint
from archiver.dataset.stage import Stage
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset.writing import plan_of
from tests.nightly.made import keep


class PowerCut(Exception):  # noqa: N818 - an event, no error of ours
    """What ends a run here."""


@dataclass
class Lines:
    """A layout: a clip each, then a list of them; it may break off before a piece, or complain at the end."""

    breaks_before: str = ""
    flaws: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def pieces(self, plan: Plan, media: Media) -> Iterator[Piece]:
        """Give them."""
        samples = plan.samples["train"]
        for sample in samples:
            for file in media.files(sample):
                path = f"clips/{sample.key}.{file.extension}"
                yield self._unless_broken(MediaPiece(path=path, sample=sample, file=file))
        yield self._unless_broken(
            MadePiece(path="list.txt", samples=samples, write=lambda output: _write(output, samples, media))
        )

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Complain of what the test wants."""
        del folder, plan, kept
        return self.flaws

    def _unless_broken(self, piece: Piece) -> Piece:
        if piece.path == self.breaks_before:
            raise PowerCut
        self.made.append(piece.path)
        return piece


def _write(output: Output, samples: Sequence[Sample], media: Media) -> None:
    for sample in samples:
        if not media.is_lost(sample):
            output.write(f"{sample.key}\n".encode())


@dataclass
class Run:
    """An export of an archive by hand."""

    archive: Path
    dest: Path
    events: list[ExportEvent] = field(default_factory=list)
    linking: Linking = Linking.COPY

    def export(self, layout: Lines, **allowed: bool) -> DatasetRecord:
        """Run it."""
        self.events.clear()
        options = ExportOptions(format=FormatName.VIDEOFOLDER, layout=LayoutOptions(linking=self.linking))
        plan = plan_of(self.archive, options, assets=(AssetName.VIDEO,))
        losses = Losses(self.events.append)
        work = Work(
            plan=plan,
            layout=layout,
            media=ArchiveMedia(plan, losses, self.events.append),
            losses=losses,
            observer=self.events.append,
            fingerprint=fingerprint(plan, {}),
            transform={},
        )
        make_destination(self.dest)
        standing = prepare(Destination(path=self.dest, **allowed), work.fingerprint)
        return standing or Export(work, Stage(self.dest, work.fingerprint)).run()

    def files(self) -> set[str]:
        """Return what is in DEST."""
        return {str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if path.is_file()}

    def written(self) -> list[str]:
        """Return what was written by the last run, and not held from before."""
        return [
            event.file.path for event in self.events if isinstance(event, FileWritten) and not event.is_held
        ]


WHOLE = {"clips/a.mp4", "clips/b.mp4", "list.txt", ".dataset/dataset.json"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return two clips, and where to export them."""
    for name in ("a", "b"):
        keep(tmp_path / "archive", name, state="completed", prompt=name)
    return Run(tmp_path / "archive", tmp_path / "ds")


def test_a_whole_dataset_has_its_record_and_nothing_aside(run: Run) -> None:
    """The record is written last: where it stands, the rest is whole."""
    record = run.export(Lines())
    assert run.files() == WHOLE
    assert json.loads((run.dest / ".dataset/dataset.json").read_bytes())["ids"] == {"train": ["a", "b"]}
    assert record.counts == {"samples": 2, "samples:train": 2, "files": 3, "bytes": 2004}


def test_a_broken_off_export_has_no_names_and_goes_on_where_it_stopped(run: Run) -> None:
    """Nobody loads half a dataset, and what is written is not written twice."""
    with pytest.raises(PowerCut):
        run.export(Lines(breaks_before="list.txt"))
    assert {name.partition("/")[0] for name in run.files()} == {".partial"}
    run.export(Lines(), is_resuming=True)
    assert run.files() == WHOLE
    assert run.written() == ["list.txt"]


def test_staged_bytes_that_a_power_cut_spoiled_are_written_again(run: Run) -> None:
    """The journal may outlive the bytes that it speaks of: they are held against their digest."""
    with pytest.raises(PowerCut):
        run.export(Lines(breaks_before="list.txt"))
    (run.dest / ".partial/files/clips/a.mp4").write_bytes(b"\1" * 1000)
    run.export(Lines(), is_resuming=True)
    assert run.written() == ["clips/a.mp4", "list.txt"]
    assert (run.dest / "clips/a.mp4").read_bytes() == b"\0" * 1000


def test_a_dest_with_something_in_it_is_refused(run: Run) -> None:
    """Whatever it is, somebody may want it."""
    run.dest.mkdir()
    (run.dest / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        run.export(Lines())
    with pytest.raises(UsageError, match="nothing that an export began"):
        run.export(Lines(), is_resuming=True)
    assert run.files() == {"notes.txt"}


@pytest.mark.parametrize(("breaks_before", "words"), [("list.txt", "broken-off export"), ("", "a dataset")])
def test_a_second_export_must_be_told_what_to_do(run: Run, breaks_before: str, words: str) -> None:
    """Going on, or beginning anew: nobody guesses."""
    if breaks_before:
        with pytest.raises(PowerCut):
            run.export(Lines(breaks_before=breaks_before))
    else:
        run.export(Lines())
    with pytest.raises(UsageError, match=words):
        run.export(Lines())


def test_an_export_of_another_state_is_not_gone_on_with(run: Run) -> None:
    """Half of the old and half of the new would be a dataset that nobody asked for."""
    with pytest.raises(PowerCut):
        run.export(Lines(breaks_before="list.txt"))
    keep(run.archive, "c", state="completed")
    with pytest.raises(UsageError, match="--overwrite begins anew"):
        run.export(Lines(), is_resuming=True)
    run.export(Lines(), is_overwriting=True)
    assert run.files() == WHOLE | {"clips/c.mp4"}


def test_the_same_again_is_found_to_be_there(run: Run) -> None:
    """A job that says --resume every night does nothing when nothing is new."""
    first = run.export(Lines())
    layout = Lines()
    assert run.export(layout, is_resuming=True) == first
    assert layout.made == []


def test_overwriting_replaces_the_dataset_and_leaves_what_is_not_its(run: Run) -> None:
    """What the earlier export wrote and the new one does not is gone; a stranger's file stays."""
    run.export(Lines())
    (run.dest / "notes.txt").write_text("mine")
    for path in (run.archive / "generations").rglob("b"):
        path.rename(run.archive / "elsewhere")
    run.export(Lines(), is_overwriting=True)
    assert run.files() == {"clips/a.mp4", "list.txt", ".dataset/dataset.json", "notes.txt"}


def test_the_old_dataset_stands_until_the_new_one_is_whole(run: Run) -> None:
    """An overwriting export that breaks off costs nothing."""
    run.export(Lines())
    keep(run.archive, "c", state="completed")
    with pytest.raises(PowerCut):
        run.export(Lines(breaks_before="list.txt"), is_overwriting=True)
    assert run.files() >= WHOLE
    assert "clips/c.mp4" not in run.files()


def test_what_would_not_load_gets_no_name(run: Run) -> None:
    """A dataset that its loaders would misread is worse than none."""
    with pytest.raises(UnloadableError, match="rows would be lost"):
        run.export(Lines(flaws=["rows would be lost"]))
    assert {name.partition("/")[0] for name in run.files()} == {".partial"}


@pytest.mark.parametrize("linking", list(Linking))
def test_a_damaged_clip_is_left_out_and_the_rest_goes_on(run: Run, linking: Linking) -> None:
    """Rot in one clip costs that clip, not the dataset; and rot is never exported, not as a link either."""
    run.linking = linking
    (damaged,) = run.archive.glob("generations/**/a/video.mp4")
    damaged.write_bytes(b"\1" * 1000)
    record = run.export(Lines())
    assert run.files() == WHOLE - {"clips/a.mp4"}
    assert (run.dest / "list.txt").read_text() == "b\n"
    assert record.ids == {"train": ("b",)}


def test_linked_clips_are_the_archives_own_and_stay_there(run: Run) -> None:
    """A link takes no room; the original is never moved."""
    run.linking = Linking.HARD
    run.export(Lines())
    (original,) = run.archive.glob("generations/**/a/video.mp4")
    assert original.samefile(run.dest / "clips/a.mp4")


def test_nothing_is_written_through_a_link_out_of_dest(run: Run, tmp_path: Path) -> None:
    """A folder planted as a link must not lead an export elsewhere."""
    run.dest.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (run.dest / "clips").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="symbolic link"):
        run.export(Lines(), is_overwriting=True)
    assert not list((tmp_path / "elsewhere").iterdir())
