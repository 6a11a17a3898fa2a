"""Generations to download: a few dozen true encodings, of which each generation has files of its own.

A `free` box at an MP4's end (ISO/IEC 14496-12 §8.1.2) and a comment in a JPEG (ITU-T T.81 §B.2.4.5) hold
bytes that no other generation has: the page cache and the hashes see distinct files, and all of them decode.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from archiver.demo.answers import completed_answer, media_paths
from archiver.demo.clips import Clip
from archiver.demo.plan import DemoGeneration
from archiver.domain.identity import parse_id
from archiver.domain.naming import folder_of
from tests.benchmarks.encodings import Encoding, Recipe, make_encodings
from tests.simulator.clips import Media, pad

_ENCODINGS = 24
_FIRST = datetime(2024, 6, 20, 6, 2, 26, tzinfo=UTC)
# A year's worth of them, as an archive has: a folder for each month.
_PERIOD = timedelta(days=365)
# SOI, before which nothing may stand; COM, and its length with itself but without the marker.
_SOI, _COM, _LENGTH_BYTES = b"\xff\xd8", 0xFFFE, 2
# The files of `video` and `video_raw` are one, as they often are at the service.
_FILES = ("video_raw", "thumbnail", "last_frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRecipe:
    """What a corpus is made by."""

    name: str
    generations: int
    clip: Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file to download: where it stands at the service, and what it is.

    `archived` are its names below our archive.
    """

    path: str
    archived: Sequence[str]
    size: int
    sha256: str

    def named(self, generation_id: str, other: str) -> Item:
        """Return it as another generation's."""
        archived = [path.replace(generation_id, other) for path in self.archived]
        return replace(self, path=self.path.replace(generation_id, other), archived=archived)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Generations and their files; `media` is the folder that a web server offers."""

    recipe: CorpusRecipe
    media: Path
    ids: Sequence[str]
    items: Sequence[Item]
    answers: Mapping[str, str]
    """By id, with `{base}` for the origin of the media host."""

    @property
    def bytes(self) -> int:
        """How many bytes are to be fetched."""
        return sum(item.size for item in self.items)

    def first(self, generations: int) -> Corpus:
        """Return the part of it that has so many generations."""
        ids = self.ids[:generations]
        answers = {generation_id: self.answers[generation_id] for generation_id in ids}
        return replace(self, ids=ids, items=self.items[: len(ids) * len(_FILES)], answers=answers)

    def copies(self, count: int) -> Corpus:
        """Return one of so many generations whose files are all those of the first one of this."""
        one, ids = self.first(1), [f"copy-{number:06}" for number in range(count)]
        return replace(
            one,
            ids=ids,
            items=[item.named(one.ids[0], each) for each in ids for item in one.items],
            answers={},
        )

    def write_ids(self, manifest: Path) -> Path:
        """Write a manifest of all generations; return it."""
        manifest.write_text("".join(f"{generation_id}\n" for generation_id in self.ids))
        return manifest

    def write_answers(self, folder: Path, base: str) -> None:
        """Write the API's answers for a media host at `base`, a file each, as a web server offers them."""
        place = folder / "luma" / "generations"
        place.mkdir(parents=True, exist_ok=True)
        for generation_id, answer in self.answers.items():
            (place / generation_id).write_text(answer.replace("{base}", base))


def load_corpus(recipe: CorpusRecipe, work: Path) -> Corpus:
    """Return the corpus below `work`: what an earlier sitting left there, or made anew."""
    folder, facts = work / recipe.name, work / f"{recipe.name}.json"
    if facts.exists() and (kept := json.loads(facts.read_text()))["recipe"] == asdict(recipe):
        items = [Item(**item) for item in kept["items"]]
        corpus = Corpus(recipe=recipe, media=folder, ids=kept["ids"], items=items, answers=kept["answers"])
        if all(_is_as_made(folder, item) for item in corpus.items):
            return corpus
    shutil.rmtree(folder, ignore_errors=True)
    corpus = _make(recipe, folder)
    kept = {"recipe": asdict(recipe), "ids": corpus.ids, "answers": corpus.answers}
    facts.write_text(json.dumps(kept | {"items": [asdict(item) for item in corpus.items]}))
    return corpus


def _is_as_made(folder: Path, item: Item) -> bool:
    """Tell whether a file is as it was made; reading it also puts it into the page cache."""
    path = folder / item.path
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == item.sha256


def _make(recipe: CorpusRecipe, folder: Path) -> Corpus:
    folder.mkdir(parents=True)
    count = min(_ENCODINGS, recipe.generations)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        encodings = asyncio.run(make_encodings(recipe.clip, count, Path(scratch)))
    items: list[Item] = []
    answers: dict[str, str] = {}
    for number in range(recipe.generations):
        generation, encoding = _generation(recipe, number), encodings[number % len(encodings)]
        items += _write_files(generation, _own_files(recipe.clip, encoding, number), folder)
        answer = completed_answer(generation, _described(recipe.clip, encoding), "{base}")
        answers[generation.id] = json.dumps(answer)
    return Corpus(recipe=recipe, media=folder, ids=list(answers), items=items, answers=answers)


def _generation(recipe: CorpusRecipe, number: int) -> DemoGeneration:
    name = f"https://luma-archiver.invalid/benchmarks/{recipe.name}/{number}"
    return DemoGeneration(
        number=number,
        id=parse_id(str(uuid5(NAMESPACE_URL, name))),
        prompt=f"{recipe.name}, take {number}",
        created_at=_FIRST + _PERIOD * number / recipe.generations,
    )


def _described(recipe: Recipe, encoding: Encoding) -> Clip:
    """Return the facts that the answer states; where the files lie is not among them."""
    nowhere = Path()
    return Clip(
        video=nowhere,
        video_raw=nowhere,
        last_frame=nowhere,
        thumbnails={},
        palette=encoding.palette,
        width=recipe.width,
        height=recipe.height,
        frames=recipe.frames,
        frame_rate=recipe.frame_rate,
    )


def _own_files(recipe: Recipe, encoding: Encoding, number: int) -> dict[str, bytes]:
    plain = Media(data=encoding.video, media_type="video/mp4", width=recipe.width, height=recipe.height)
    return {
        "video_raw": pad(plain, recipe.video_bytes, seed=number).data,
        "thumbnail": _with_comment(encoding.thumbnail, f"thumbnail {number}"),
        "last_frame": _with_comment(encoding.last_frame, f"last frame {number}"),
    }


def _with_comment(jpeg: bytes, comment: str) -> bytes:
    marker = struct.pack(">HH", _COM, _LENGTH_BYTES + len(comment))
    return _SOI + marker + comment.encode() + jpeg.removeprefix(_SOI)


def _write_files(generation: DemoGeneration, files: Mapping[str, bytes], folder: Path) -> Iterator[Item]:
    home = folder_of(generation.id, generation.created_at)
    names = {
        "video_raw": ["video.mp4", "video_raw.mp4"],
        "thumbnail": ["thumbnail.jpg"],
        "last_frame": ["last_frame.jpg"],
    }
    paths = media_paths(generation)
    for asset in _FILES:
        path, data = paths[asset].lstrip("/"), files[asset]
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        yield Item(
            path=path,
            archived=[f"{home}/{name}" for name in names[asset]],
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
