"""Runs over manifests: rows of every kind, repeated ones, bad ones, saved answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec

from archiver.assembly.verifying import AuditOptions, verify
from archiver.batch.audit.selecting import Scope
from archiver.cli.jsonlines import generation_line
from archiver.domain.errors import UsageError
from archiver.domain.events import Noticed, RowRejected
from archiver.domain.outcome import Outcome
from tests.runs.running import look, options_for, run_manifests, with_network
from tests.simulator import Service
from tests.simulator.answers import Shape, build_answer
from tests.simulator.faults import Always, SlowBody, Status


async def test_columns_of_a_row_are_kept_in_the_sidecar(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """Captions, tags and splits travel with the clip."""
    service.serve("g-1")
    manifest = tmp_path / "clips.csv"
    manifest.write_text('task_id,caption,split\ng-1,"a cat, dancing",train\n')
    await run_manifests(options_for(service, archive), [manifest])
    assert look(archive, "g-1").sidecar.manifest_row == {"caption": "a cat, dancing", "split": "train"}


async def test_columns_that_came_later_reach_the_sidecar(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """Clips are archived first and captioned afterwards; nothing is asked or fetched for that."""
    service.serve("g-1")
    service.serve("g-2")
    manifest, options = tmp_path / "clips.csv", options_for(service, archive)
    manifest.write_text("id,tags\ng-1,cat\ng-2,dog\n")
    await run_manifests(options, [manifest])
    before, asked = look(archive, "g-1"), len(service.log)
    manifest.write_text("id,caption\ng-1,a cat dances\n")
    planned = await run_manifests(replace(options, dry_run=True), [manifest])
    assert look(archive, "g-1").sidecar == before.sidecar
    assert [event for event in planned.events if isinstance(event, Noticed)] == []
    run = await run_manifests(options, [manifest])
    found = look(archive, "g-1")
    row = {"tags": "cat", "caption": "a cat dances"}
    assert found.sidecar == msgspec.structs.replace(before.sidecar, manifest_row=row)
    assert {result.outcome for result in run.results.values()} == {Outcome.UNCHANGED}
    assert Noticed("the manifest's columns are new in 1 sidecar") in run.events
    assert (found.files, len(service.log)) == (before.files, asked)
    written = (found.folder / "sidecar.json").stat()
    again = await run_manifests(options, [manifest])
    assert again.report.tally.counts[Outcome.UNCHANGED] == 1
    assert not any(isinstance(event, Noticed) for event in again.events)
    assert (found.folder / "sidecar.json").stat() == written
    assert (await verify(options, AuditOptions(scope=Scope()), run.events.append)).exit_code == 0


async def test_our_own_lines_bring_no_columns(service: Service, archive: Path, tmp_path: Path) -> None:
    """What a run printed is a manifest: its ids count, and a caption stays a caption."""
    served = service.serve("g-1")
    table, lines, options = tmp_path / "clips.csv", tmp_path / "run.jsonl", options_for(service, archive)
    table.write_text("id,tags\ng-1,cat\n")
    served.thumbnail.faults.append(Always(Status(500)))
    run = await run_manifests(options, [table])
    lines.write_text(json.dumps(generation_line(run.results["g-1"]), default=str) + "\n")
    served.thumbnail.faults.clear()
    again = await run_manifests(options, [lines])
    assert again.results["g-1"].outcome is Outcome.ARCHIVED
    assert look(archive, "g-1").sidecar.manifest_row == {"tags": "cat"}


async def test_a_list_of_bare_ids_takes_no_columns_away(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """It says nothing of captions and tags; a file that was removed by hand is fetched all the same."""
    service.serve("g-1")
    table, ids, options = tmp_path / "clips.csv", tmp_path / "ids.txt", options_for(service, archive)
    table.write_text("id,tags\ng-1,cat\n")
    ids.write_text("g-1\n")
    await run_manifests(options, [table])
    (look(archive, "g-1").folder / "video.mp4").unlink()
    await run_manifests(options, [ids])
    assert look(archive, "g-1").sidecar.manifest_row == {"tags": "cat"}
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_a_repeated_id_is_done_once(service: Service, archive: Path, tmp_path: Path) -> None:
    """Within a manifest and across manifests of one run."""
    service.serve("g-1")
    manifest = tmp_path / "ids.txt"
    manifest.write_text("g-1\ng-1\n")
    run = await run_manifests(options_for(service, archive), [manifest, manifest])
    assert len(service.log.api) == 1
    assert run.report.tally.counts[Outcome.ARCHIVED] == 1


async def test_a_bad_row_is_named_by_its_line_and_the_rest_goes_on(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """One typing error in a thousand rows costs one row; the exit code tells of it."""
    service.serve("g-1")
    manifest = tmp_path / "ids.txt"
    manifest.write_text("../../etc/passwd\ng-1\n")
    run = await run_manifests(options_for(service, archive), [manifest])
    (rejected,) = (event for event in run.events if isinstance(event, RowRejected))
    assert (rejected.file, rejected.line) == (str(manifest), 1)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert run.report.exit_code == 3


async def test_a_saved_answer_is_archived_without_a_question_and_without_a_key(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """Whoever kept the API's answers needs the API no more, as long as the URLs live."""
    served = service.serve("g-1")
    manifest = tmp_path / "answers.jsonl"
    answer = build_answer("g-1", "completed", served.task.links, Shape())
    manifest.write_text(json.dumps({**answer, "tags": ["cat"]}) + "\n")
    options = with_network(options_for(service, archive), api_key=None)
    run = await run_manifests(options, [manifest])
    assert run.report.exit_code == 0
    assert service.log.api == []
    assert look(archive, "g-1").sidecar.verification == "verified"
    assert look(archive, "g-1").sidecar.manifest_row == {"tags": ["cat"]}


async def test_a_manifest_that_is_not_there_ends_the_run_before_any_work(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """A misspelt name: nothing of the other manifest is fetched first."""
    service.serve("g-1")
    manifest = tmp_path / "ids.txt"
    manifest.write_text("g-1\n")
    run = await run_manifests(options_for(service, archive), [manifest, tmp_path / "idz.txt"])
    assert isinstance(run.report.error, UsageError)
    assert run.report.exit_code == 2
    assert len(service.log) == 0


async def test_a_manifest_that_turns_out_unreadable_does_not_cost_the_rows_before(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """The second of two is a spreadsheet: what the first lists is archived, and the exit code tells."""
    service.serve("g-1", faults=[SlowBody(20_000)])
    manifest, spreadsheet = tmp_path / "ids.txt", tmp_path / "more.xlsx"
    manifest.write_text("g-1\n")
    spreadsheet.write_bytes(b"PK\x03\x04")
    run = await run_manifests(options_for(service, archive), [manifest, spreadsheet])
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert isinstance(run.report.error, UsageError)
    assert run.report.exit_code == 2


async def test_many_generations_use_no_more_connections_than_allowed(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """`--concurrency` counts assets in flight, of all generations together."""
    for number in range(30):
        service.serve(f"g-{number}", faults=[SlowBody(200_000)])
    manifest = tmp_path / "ids.txt"
    manifest.write_text("".join(f"g-{number}\n" for number in range(30)))
    options = with_network(options_for(service, archive), concurrency=3)
    run = await run_manifests(options, [manifest])
    assert run.report.tally.counts[Outcome.ARCHIVED] == 30
    assert service.media_in_flight.peak == 3
