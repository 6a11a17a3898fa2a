"""A handful of generations, one of each kind, and how an archive of them is to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archiver.domain.identity import AssetName
from tests.simulator import HostedFile, Recipe, Served, Service, Shape, make_clip
from tests.simulator.faults import Always, SlowBody

# A download of about half a second: kills meet it on its way, over two writes and more.
_LARGE_BYTES, _LARGE_BYTES_A_SECOND = 3_000_000, 6_000_000


@dataclass(slots=True)
class World:
    """What the service has. `versions` are all bytes that were ever an asset's, by their SHA-256."""

    service: Service
    served: dict[str, Served] = field(default_factory=dict)
    versions: dict[tuple[str, AssetName], set[str]] = field(default_factory=dict)

    @classmethod
    def on(cls, service: Service) -> World:
        """Serve it all."""
        world = cls(service)
        world._serve("shared", Recipe(seed=1))
        world._serve("marked", Recipe(seed=2, watermarked=True))
        world._serve("undated", Recipe(seed=3), shape=Shape(created_at=None))
        world._serve("failed", Recipe(seed=4), state="failed")
        world._serve("mismatched", Recipe(seed=5))
        world._serve("large", Recipe(seed=6), padded_to=_LARGE_BYTES)
        world.served["large"].video.faults.append(Always(SlowBody(_LARGE_BYTES_A_SECOND)))
        world.break_promise()
        return world

    def break_promise(self) -> None:
        """Let one clip be another than its metadata say, and smaller than they say."""
        self._replace("mismatched", Recipe(seed=5, width=32, height=24))

    def keep_promise(self) -> None:
        """Put the clip there that the metadata speak of."""
        self._replace("mismatched", Recipe(seed=5))

    def files(self, generation_id: str) -> dict[AssetName, HostedFile]:
        """Return a generation's files on the host; one file may be two assets."""
        if generation_id == "failed":
            return {}
        return {name: getattr(self.served[generation_id], name) for name in AssetName}

    def _serve(
        self,
        generation_id: str,
        recipe: Recipe,
        *,
        padded_to: int | None = None,
        state: str = "completed",
        shape: Shape = Shape(),  # noqa: B008 - frozen
    ) -> None:
        clip = make_clip(recipe).padded_to(padded_to) if padded_to else make_clip(recipe)
        self.served[generation_id] = self.service.serve(generation_id, clip, state=state, shape=shape)
        for name in AssetName:
            self.versions[generation_id, name] = {getattr(clip, name).sha256}

    def _replace(self, generation_id: str, recipe: Recipe) -> None:
        video = make_clip(recipe).video
        self.served[generation_id].video.replace(video.data)
        for name in (AssetName.VIDEO, AssetName.VIDEO_RAW):
            self.versions[generation_id, name].add(video.sha256)


def write_manifest(folder: Path, world: World) -> Path:
    """Write the list of all generations, the large one first: it is under way while others are committed."""
    manifest = folder / "ids.txt"
    manifest.write_text(
        "".join(f"{name}\n" for name in sorted(world.served, key=lambda name: name != "large"))
    )
    return manifest
