"""Which file is which asset of a generation: by digest, by its URL's name, by words, by what it is.

A file is taken only if it passes every check that a download would have to pass: one that is damaged, or is
of another shape, is left where it is, and the service is asked for the asset some other time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from archiver.batch.adoption.paths import asset_named
from archiver.batch.adoption.search import Candidate, sha256_of_file
from archiver.domain.checks import Damaged, Inspection, NotMedia, check_asset
from archiver.domain.generation import Generation
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord
from archiver.pipeline.inspector import Inspector


@dataclass(slots=True)
class Choice:
    """The file for each asset that has one, and why others were not taken."""

    files: dict[AssetName, Path] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


async def choose(
    generation: Generation, wanted: Iterable[AssetName], candidates: Iterable[Candidate], inspector: Inspector
) -> Choice:
    """Return the choice for a completed generation. Raises `OSError` where a file cannot be read."""
    choice, names = Choice(), set(wanted)
    # What is surest first: a file without a telling name must not take another's place.
    for candidate in sorted(candidates, key=lambda found: _is_vague(generation, found)):
        inspection = await inspector.inspect(candidate.path)
        reasons = []
        for name in _possible(generation, candidate, inspection):
            if name not in names or name in choice.files:
                continue
            objection = _objection(generation, name, inspection, is_vague=_is_vague(generation, candidate))
            if not objection:
                choice.files[name] = candidate.path
                break
            reasons.append(objection)
        else:
            reason = reasons[0] if reasons else "nothing is missing that it could be"
            choice.refused.append(f"{candidate.path.name}: {reason}")
    return choice


def without_held(candidates: Iterable[Candidate], held: Mapping[AssetName, AssetRecord]) -> list[Candidate]:
    """Return the candidates without copies of what is held: by looks one of them might be another asset.

    This reads files. Raises `OSError`.
    """
    sizes, digests = {one.size for one in held.values()}, {one.sha256 for one in held.values()}
    return [
        found
        for found in candidates
        if found.path.stat().st_size not in sizes or sha256_of_file(found.path) not in digests
    ]


def _is_vague(generation: Generation, candidate: Candidate) -> bool:
    return not (candidate.asset or _by_url(generation, candidate.path) or asset_named(candidate.path))


def _by_url(generation: Generation, path: Path) -> list[AssetName]:
    return [
        name
        for name, asset in generation.assets.items()
        if asset.url and PurePosixPath(asset.url.parts.path).name == path.name
    ]


def _possible(generation: Generation, candidate: Candidate, inspection: Inspection) -> Iterator[AssetName]:
    """Give the assets that a file can be, the likeliest first."""
    if candidate.asset:
        yield candidate.asset
    elif found := _by_url(generation, candidate.path):
        yield from found
    elif named := asset_named(candidate.path):
        yield named
    elif not isinstance(inspection, NotMedia):
        yield from (name for name in AssetName if name.is_video == inspection.kind.is_video)


def _objection(generation: Generation, name: AssetName, inspection: Inspection, *, is_vague: bool) -> str:
    """Return why a file is not this asset of the generation; empty where it is.

    Of a file whose name tells nothing, advisory checks count, too: the palette tells a thumbnail from a last
    frame.
    """
    asset = generation.assets.get(name)
    if isinstance(inspection, NotMedia):
        return f"it holds {inspection.reason}"
    if isinstance(inspection, Damaged):
        return f"it is damaged: {inspection.reason}"
    if asset is None or asset.url is None:
        return f"the generation has no {name}"
    checks = check_asset(name, generation.promises, inspection)
    flaw = next((check for check in checks if not check.ok and (is_vague or not check.advisory)), None)
    return f"not its {name}: {flaw.difference}" if flaw else ""
