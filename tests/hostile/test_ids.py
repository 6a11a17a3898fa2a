"""Ids that would choose a path, an option, a header or another id if they were let through."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.cli.main import main
from archiver.domain.events import RowRejected
from archiver.domain.outcome import Outcome
from tests.runs.running import options_for, run_ids, run_manifests
from tests.simulator import Service

GOOD = "4665a07c-7641-4809-a133-10786201bb56"
HOSTILE = (
    *("..", ".", "../../outside", "a/../../outside", "a..b", "/etc/passwd", "a/b", "a\\b", "C:\\x"),
    *("--help", "-", "-rf", "--archive=/tmp/x", "~root", "$HOME", "$(id)", "a;b", "a b", "%s", "{0}", "*"),
    *("a%2f..%2fb", "a?x=1", "a#b", "a@host", "http://host/x", ".hidden", "_x"),
    *("x" * 129, "x" * 100_000, "../" * 30_000),
    *("\uff41\uff42", "\u0430bc", "a\u2024\u2024b", "a\u2215b", "\u212a", "\u0661", "e\u0301", "\u00e9"),
    *("a\u202eb", "a\u200bb", "\ufeffa\ufeffb", "\x1b[31mred", "a\x07", "a\x7f", "a\x9b31m"),
)
# What only some manifests can hold in one row.
WITH_LINES_OR_NUL = ("a\0b", "a\r\nHost: evil", "a\nb", "a\tb")


def _rows(ids: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"id": text} for text in ids]


def _table(delimiter: str) -> Callable[[tuple[str, ...]], str]:
    def write(ids: tuple[str, ...]) -> str:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(["task_id", "caption"])
        writer.writerows([one, "a caption"] for one in ids)
        return text.getvalue()

    return write


FORMS: dict[str, tuple[Callable[[tuple[str, ...]], str], tuple[str, ...]]] = {
    "ids.txt": ("\n".join, HOSTILE),
    "ids.jsonl": (lambda ids: "\n".join(map(json.dumps, ids)), HOSTILE + WITH_LINES_OR_NUL),
    "rows.jsonl": (lambda ids: "\n".join(map(json.dumps, _rows(ids))), HOSTILE + WITH_LINES_OR_NUL),
    "ids.json": (json.dumps, HOSTILE + WITH_LINES_OR_NUL),
    "rows.json": (lambda ids: json.dumps(_rows(ids), ensure_ascii=False), HOSTILE + WITH_LINES_OR_NUL),
    "rows.csv": (_table(","), (*HOSTILE, "a\r\nHost: evil", "a\nb", "a\tb")),
    "rows.tsv": (_table("\t"), HOSTILE),
    "answers.jsonl": (
        lambda ids: "\n".join(
            json.dumps({"id": one, "state": "failed", "video": {"url": "http://h/x"}}) for one in ids
        ),
        HOSTILE + WITH_LINES_OR_NUL,
    ),
}


def _everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("form", FORMS)
async def test_a_manifests_hostile_ids_are_bad_rows_and_nothing_else(
    service: Service, tmp_path: Path, form: str
) -> None:
    """They reach neither the service nor the disk, and the good row among them is archived."""
    service.serve(GOOD)
    write, ids = FORMS[form]
    manifest = tmp_path / form
    manifest.write_text(write(ids), encoding="utf-8")
    good = tmp_path / "good.txt"
    good.write_text(GOOD)
    run = await run_manifests(options_for(service, tmp_path / "archive"), [manifest, good])
    rejected = [event for event in run.events if isinstance(event, RowRejected)]
    assert len(rejected) == len(ids)
    assert all(len(event.reason) < 300 for event in rejected)
    assert {name: result.outcome for name, result in run.results.items()} == {GOOD: Outcome.ARCHIVED}
    assert {exchange.path for exchange in service.log.api} == {f"/luma/generations/{GOOD}"}
    assert _everything(tmp_path / "archive/generations") == {
        "2024",
        "2024/12",
        f"2024/12/{GOOD}",
        *(f"2024/12/{GOOD}/{name}" for name in ("sidecar.json", "video.mp4", "video_raw.mp4")),
        *(f"2024/12/{GOOD}/{name}.jpg" for name in ("thumbnail", "last_frame")),
    }
    assert {path.partition("/")[0] for path in _everything(tmp_path)} == {"archive", form, "good.txt"}


@pytest.mark.parametrize("hostile", [*HOSTILE, "a\nb", "a\r\nHost: evil", "a\tb"])
def test_a_hostile_id_on_the_command_line_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    """One line that says which, safe to show, and no archive."""
    assert main(["get", "--archive", str(tmp_path / "archive"), "--", GOOD, hostile]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.rstrip("\n").isprintable()
    assert len(told.err) < 300
    assert list(tmp_path.iterdir()) == []


def test_what_looks_like_an_option_is_one_unless_it_stands_behind_two_dashes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As with every program: and an option that there is not is a usage error, never an id."""
    assert main(["get", "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out
    assert main(["get", "--halp"]) == 2
    assert main(["get", "-"]) == 2


async def test_ids_that_differ_in_case_alone_do_not_share_a_folder(service: Service, archive: Path) -> None:
    """Where the file system tells them apart they are two; where it does not, neither replaces the other."""
    service.serve("generation")
    service.serve("GENERATION")
    run = await run_ids(options_for(service, archive), "generation", "GENERATION")
    assert {result.outcome for result in run.results.values()} == {Outcome.ARCHIVED}
    assert {"generation", "GENERATION"} <= _everything(archive / "generations/2024/12")
