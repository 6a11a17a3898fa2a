"""What a validator of bags would find, short of reading the payload: that was checked as it was written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from archiver.dataset.formats.bagtags import BAG_INFO, BAGIT, MANIFEST, PAYLOAD, TAGMANIFEST
from archiver.dataset.plan import Sample

_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


def flaws_of(folder: Path, kept: Iterable[Sample]) -> list[str]:
    """Return what is wrong with a bag that should have these generations."""
    try:
        listed = _listed(folder / MANIFEST)
        flaws = [*_flaws_of_tags(folder), *_flaws_of_oxum(folder, listed)]
    except (OSError, ValueError) as error:
        return [f"the bag's own files cannot be read: {error}"]
    present = {
        path.relative_to(folder).as_posix() for path in (folder / PAYLOAD).rglob("*") if path.is_file()
    }
    flaws += [f"{path} is in the manifest and not there" for path in sorted(listed.keys() - present)]
    flaws += [f"{path} is not in the manifest" for path in sorted(present - listed.keys())]
    return flaws + list(_flaws_of_samples(listed, kept))


def _listed(path: Path) -> dict[str, str]:
    """Return the digests of a manifest by path. Raises `OSError`, `ValueError`."""
    listed = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        found = _LINE.fullmatch(line)
        if not found or found[2] in listed:
            msg = f"{path.name} has a line that is none of a manifest: {line[:200]!a}"
            raise ValueError(msg)
        listed[found[2]] = found[1]
    return listed


def _flaws_of_tags(folder: Path) -> Iterator[str]:
    listed = _listed(folder / TAGMANIFEST)
    if listed.keys() != {BAGIT, BAG_INFO, MANIFEST}:
        yield f"{TAGMANIFEST} is not about the bag's own files"
    for name, digest in listed.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            yield f"{name} is not what {TAGMANIFEST} says"
    if (folder / "fetch.txt").exists():
        yield "fetch.txt is there, and nothing of this bag is to be fetched"


def _flaws_of_oxum(folder: Path, listed: Iterable[str]) -> Iterator[str]:
    sizes = [(folder / path).stat().st_size for path in listed if (folder / path).is_file()]
    oxum = f"Payload-Oxum: {sum(sizes)}.{len(sizes)}"
    if oxum not in (folder / BAG_INFO).read_text(encoding="utf-8").splitlines():
        yield f"{BAG_INFO} does not say {oxum}"


def _flaws_of_samples(listed: dict[str, str], kept: Iterable[Sample]) -> Iterator[str]:
    folders = {path.rpartition("/")[0] for path in listed}
    for sample in kept:
        example = sample.example
        home = f"{PAYLOAD}/{example.folder}"
        folders.discard(home)
        if f"{home}/sidecar.json" not in listed:
            yield f"{home} is without its sidecar"
        for file in example.assets.values():
            if listed.get(f"{home}/{file.name}") != file.sha256:
                yield f"{home}/{file.name} is not in the manifest with the digest that its sidecar records"
    yield from (f"{home} is in the manifest and should not be" for home in sorted(folders))
