"""Rows of tables: everything that is known of a generation, under documented names."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.dataset.columns import COLUMNS
from archiver.dataset.example import example_of
from archiver.dataset.facts import CLIP, GENERATION, Field, Type
from archiver.dataset.manifest_fields import manifest_fields
from archiver.dataset.options import FormatName
from archiver.dataset.plan import Plan
from archiver.dataset.rows import Row, documented_fields, fields_of, rows_of
from archiver.domain.filtering.where import parse_where
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import Measured, decode_sidecar
from tests.dataset.examples import example, file_of
from tests.dataset.shelf import options, put, put_prompts, put_tombstone, row_said, said
from tests.dataset.writing import Originals, plan_of

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def plan(archive: Path) -> Plan:
    """Return a plan of a table of all."""
    return plan_of(archive, options(FormatName.JSONL), assets=())


def rows(archive: Path) -> dict[str, Row]:
    """Return all rows of a table, by id."""
    of_all = plan(archive)
    found = rows_of(of_all.samples["train"], fields_of(of_all), Originals(of_all))
    return {sample.example.id: row for sample, row in found}


def test_a_row_says_what_the_sidecar_says(tmp_path: Path) -> None:
    """A table is read without the archive beside it: nothing may be lost or turned on the way."""
    put_prompts(tmp_path)
    put_tombstone(tmp_path, "failed")
    found = rows(tmp_path)
    assert found.keys() == said(tmp_path).keys()
    for name, sidecar in said(tmp_path).items():
        row = found[name]
        assert row | row_said(sidecar) == row
        assert row["created_at"] == sidecar["created_at"]
        assert row["archived_at"] == sidecar["archived_at"]
        assert json.loads(str(row["response"])) == sidecar["response"]
        assert json.loads(str(row["manifest_row"])) == sidecar["manifest_row"]


def test_every_asset_has_its_columns(tmp_path: Path) -> None:
    """Paths lead from the archive's folder to the files; what there is no file of is null."""
    put(tmp_path, "one")
    row, sidecar = rows(tmp_path)["one"], said(tmp_path)["one"]
    for name in ("video", "thumbnail"):
        record = sidecar["assets"][name]
        assert (tmp_path / str(row[f"{name}_path"])).read_bytes().startswith(f"{name} of one".encode())
        assert row[f"{name}_bytes"] == record["size"]
        for word in ("sha256", "media_type", "status"):
            assert row[f"{name}_{word}"] == record[word]
        for word in ("width", "height"):
            assert row[f"{name}_{word}"] == record["measured"][word]
    assert row["video_duration"] == 5.041667
    assert row["video_frame_rate"] == 24.0
    assert "thumbnail_duration" not in row
    assert {row[name] for name in row if name.startswith(("last_frame_", "video_raw_"))} == {None}


def test_a_raw_clip_is_the_clip_where_there_is_no_other(tmp_path: Path) -> None:
    """Relays give either; a table that had no width for half of them would be of no use."""
    put(tmp_path, "raw", assets=(AssetName.VIDEO_RAW,))
    row = rows(tmp_path)["raw"]
    assert row["width"] == 1360
    assert row["sha256"] == row["video_raw_sha256"]
    assert row["video_path"] is None


def test_the_answer_keeps_its_numbers_and_order(tmp_path: Path) -> None:
    """An answer that went through a float would not be the service's any more."""
    answer = b'{"z": 5.0416670, "a": 123456789012345678901234567890, "t": "\\u00e9"}'
    put(tmp_path, "one", response=msgspec.Raw(answer))
    text = str(rows(tmp_path)["one"]["response"])
    assert "5.0416670" in text
    assert "123456789012345678901234567890" in text
    assert list(json.loads(text)) == ["z", "a", "t"]
    assert "\n" not in text


def test_every_column_is_documented_and_has_one_name(tmp_path: Path) -> None:
    """The card's table of columns is what readers know of them."""
    fields = documented_fields(tmp_path)
    assert all(field.meaning for field in fields)
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        (["a", None, ""], Type.TEXT, ["a", None, ""]),
        ([1, 2**53, -(2**62)], Type.INTEGER, [1, 2**53, -(2**62)]),
        ([1, 2.5], Type.NUMBER, [1.0, 2.5]),
        ([True, False], Type.BOOLEAN, [True, False]),
        ([True, 1], Type.JSON, ["true", "1"]),
        ([1, "1"], Type.JSON, ["1", '"1"']),
        ([["é"], {"b": 1, "a": 2}], Type.JSON, ['["é"]', '{"a":2,"b":1}']),
        ([2**53 + 1, 0.5], Type.JSON, ["9007199254740993", "0.5"]),
        ([2**63], Type.JSON, ["9223372036854775808"]),
        ([None], Type.TEXT, [None]),
    ],
)
def test_a_manifest_column_has_the_type_that_fits_all_its_values(
    values: list[Any], kind: Type, cells: list[Any]
) -> None:
    """No value may be rounded, refused or taken for another because of its neighbours."""
    (field,) = manifest_fields([{"c": value} for value in values], ())
    assert field.type is kind
    found = [field.read(example("one", row={"c": value})) for value in values]
    assert found == cells
    assert [type(cell) for cell in found] == [type(cell) for cell in cells]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "A", "id", "", "manifest_id", "ß", "tags"]), JSON))


@settings(max_examples=50)
@given(ROWS)
def test_manifest_columns_have_names_of_their_own_and_keep_every_value(found: list[dict[str, Any]]) -> None:
    """DuckDB does not tell `A` from `a`; a cell that is JSON gives the value back."""
    taken = {"id", "tags"}
    fields = manifest_fields(found, taken)
    names = [field.name.casefold() for field in fields]
    assert all(names)
    assert len(set(names) | taken) == len(names) + len(taken)
    keys = sorted({name for row in found for name in row} - {"tags"})
    for key, field in zip(keys, fields, strict=True):
        for row in found:
            assert _value(field, row) == row.get(key)


def _value(field: Field[Any], row: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    cell = field.read(example("one", row=row))
    return json.loads(cell) if field.type is Type.JSON and isinstance(cell, str) else cell


def test_a_manifest_column_gives_way_to_a_documented_one(tmp_path: Path) -> None:
    """A manifest may well have `split`, `caption` or `video`: the documented meaning stays."""
    row = {"split": "theirs", "caption": "theirs", "video": "https://x", "note": "mine", "tags": ["a", "b"]}
    put(tmp_path, "one", manifest_row=row)
    found = rows(tmp_path)["one"]
    assert found["split"] == "train"
    assert [found[f"manifest_{name}"] for name in ("split", "caption", "video")] == [
        "theirs",
        "theirs",
        "https://x",
    ]
    assert found["note"] == "mine"
    assert found["tags"] == ("a", "b")
    assert json.loads(str(found["manifest_row"])) == row


@pytest.mark.parametrize("damage", [None, b"{", b"other"])
def test_a_sidecar_that_is_another_by_now_leaves_its_sample_out(tmp_path: Path, damage: bytes | None) -> None:
    """A row half from before and half from after a change would be of no generation that ever was."""
    folder = put(tmp_path, "changed")
    put(tmp_path, "kept")
    of_all = plan(tmp_path)
    path = folder / "sidecar.json"
    if damage is None:
        path.unlink()
    elif damage == b"other":
        path.write_bytes(path.read_bytes().replace(b"cat dance", b"dog dance"))
    else:
        path.write_bytes(damage)
    media = Originals(of_all)
    found = rows_of(of_all.samples["train"], fields_of(of_all), media)
    assert [sample.example.id for sample, _ in found] == ["kept"]
    assert list(media.lost) == ["changed"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24/1", 24.0),
        ("30000/1001", 30000 / 1001),
        ("0/0", None),
        ("x", None),
        ("9" * 400, None),
        (None, None),
    ],
)
def test_a_frame_rate_is_a_number(text: str | None, rate: float | None) -> None:
    """Sidecars have fractions; whoever filters by frames a second wants numbers."""
    file = replace(file_of("video.mp4"), measured=Measured(frame_rate=text))
    (field,) = (field for field in CLIP if field.name == "frame_rate")
    assert field.read(replace(example("one"), assets={AssetName.VIDEO: file})) == rate


@pytest.mark.parametrize(
    "where",
    [
        "id=one and state=completed and verification=verified",
        "created_at=2024-12-22 and archived_at>=2024",
        "prompt~CAT and aspect_ratio='16:9' and failure_reason=null",
        "width>=1360 and height<1000 and duration=5.041667 and frame_rate=24 and frames>120",
        "codec=h264 and bytes<1K and sha256!=null",
        "tags~wild and video=verified and thumbnail=verified and last_frame=null and video_raw=null",
    ],
)
def test_every_documented_column_can_be_filtered_by(tmp_path: Path, where: str) -> None:
    """What a table shows of a generation is what it can be chosen by."""
    folder = put(tmp_path, "one", manifest_row={"tags": ["wild", "big"]})
    one = example_of(decode_sidecar((folder / "sidecar.json").read_bytes()), "generations/2024/12/one")
    assert parse_where(where, COLUMNS, NOW)(one)
    assert not parse_where(f"not ({where})", COLUMNS, NOW)(one)


def test_a_time_that_is_none_is_null() -> None:
    """Who edits a sidecar by hand may write anything; a table's column of times has times alone."""
    (field,) = (field for field in GENERATION if field.name == "created_at")
    assert field.read(replace(example("one"), created_at="yesterday")) is None
    moment = "2024-12-22T13:38:40.139Z"
    assert field.read(replace(example("one"), created_at=moment)) == moment
