"""Against any server at all: what ends up on disk is one version of the file, or nothing is believed.

The server of this model may break off anywhere, change its file between two answers, ignore ranges, send
others and say so, send others and not say so, lose its validators, and claim 416. The client does what
the pipeline does with a plan, in memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from hypothesis import event, given
from hypothesis import strategies as st

from archiver.domain.transfer import (
    AlreadyComplete,
    Append,
    Head,
    Held,
    Refuse,
    Restart,
    Validator,
    plan_body,
)


def _content(version: int, size: int) -> bytes:
    """Return a version of the file: as different from any other, and from itself elsewhere, as media are."""
    return hashlib.shake_128(str(version).encode()).digest(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the server answers once."""

    version: int
    behaviour: str
    cut: float
    """The part of the body that arrives."""
    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the server offers, and how long each version of its file is."""

    sizes: tuple[int, ...]
    etag: str | None

    def file(self, version: int) -> bytes:
        """Return a version's bytes."""
        return _content(version, self.sizes[version])

    def validators(self, version: int) -> dict[str, str]:
        """Return the headers that name a version."""
        return {} if self.etag is None else {"etag": f'{self.etag}"v{version}"'}

    def answer(self, how: Answer, asked: dict[str, str]) -> tuple[Head, bytes]:
        """Return a head and the body that belongs to it, uncut."""
        body, named = self.file(how.version), self.validators(how.version)
        first = int(asked["range"].removeprefix("bytes=").removesuffix("-")) if "range" in asked else None
        is_other = "if-range" in asked and asked["if-range"] != named.get("etag")
        if first is None or is_other or how.behaviour == "ignores ranges":
            return Head(status=200, headers={**named, "content-length": str(len(body))}), body
        if how.behaviour == "claims 416" or first >= len(body):
            return Head(status=416, headers={**named, "content-range": f"bytes */{len(body)}"}), b""
        return self._partial(how, first, body, named)

    @staticmethod
    def _partial(how: Answer, first: int, body: bytes, named: dict[str, str]) -> tuple[Head, bytes]:
        shifted = min(max(0, first + how.shift), len(body) - 1)
        said = shifted if how.behaviour == "sends another range" else first
        sent = first if how.behaviour == "is honest" else shifted
        total = "*" if how.behaviour == "hides the length" else str(len(body))
        span = f"bytes {said}-{len(body) - 1}/{total}"
        return Head(status=206, headers={**named, "content-range": span}), body[sent:]


@dataclass(slots=True)
class Client:
    """What the pipeline does with a plan, in memory."""

    data: bytearray = field(default_factory=bytearray)
    total: int | None = None
    validator: Validator = field(default_factory=Validator)

    @property
    def held(self) -> Held | None:
        """What can be gone on from."""
        return Held(length=len(self.data), validator=self.validator, total=self.total) if self.data else None

    def take(self, head: Head, body: bytes) -> None:
        """Do as the plan says with what has arrived of a body."""
        plan = plan_body(self.held, head)
        event(type(plan).__name__)
        match plan:
            case Restart(total):
                self.data[:], self.total, self.validator = body, total, head.validator
            case Append(overlap=overlap, total=total):
                self._append(body, overlap, total)
            case Refuse():
                self._forget()
            case AlreadyComplete():
                self.total = len(self.data)

    def _append(self, body: bytes, overlap: int, total: int | None) -> None:
        held = bytes(self.data[len(self.data) - overlap :])
        if len(body) < overlap:
            return
        if not body.startswith(held):
            self._forget()
            return
        self.data += body[overlap:]
        self.total = total

    def _forget(self) -> None:
        self.data.clear()
        self.total, self.validator = None, Validator()


# Under a strong validator 1024 bytes are compared, without one 65,536: sizes beyond and below both.
SIZES = st.integers(1, 3000) | st.integers(60_000, 140_000)
BEHAVIOURS = [
    "is honest",
    "ignores ranges",
    "sends another range",
    "lies about the range",
    "claims 416",
    "hides the length",
]
ANSWERS = st.builds(
    Answer,
    version=st.integers(0, 1),
    behaviour=st.sampled_from(BEHAVIOURS),
    cut=st.floats(0, 1),
    shift=st.sampled_from([-70_000, -1024, -1, 0, 1, 1024, 70_000]),
)
SERVERS = st.builds(
    Server,
    sizes=st.tuples(SIZES, SIZES) | SIZES.map(lambda n: (n, n)),
    etag=st.sampled_from([None, "", "W/"]),
)


@given(SERVERS, st.lists(ANSWERS, min_size=1, max_size=8))
def test_what_is_held_is_always_the_beginning_of_one_version(server: Server, answers: list[Answer]) -> None:
    """No splice of two files, no byte twice, none left out: not after any answer of any server."""
    client = Client()
    versions = [server.file(version) for version in (0, 1)]
    for how in answers:
        head, body = server.answer(how, client.held.request_headers if client.held else {})
        client.take(head, body[: round(len(body) * how.cut)])
        assert any(version.startswith(bytes(client.data)) for version in versions)
        if client.held and client.held.is_whole:
            assert bytes(client.data) in versions


@given(SERVERS, st.lists(ANSWERS, max_size=4), st.lists(st.floats(0.1, 0.9), max_size=4))
def test_an_honest_server_brings_the_file_home_whatever_came_before(
    server: Server, before: list[Answer], cuts: list[float]
) -> None:
    """A refusal costs what was held, never the file: two honest answers more are enough."""
    client = Client()
    honest = [Answer(version=1, behaviour="is honest", cut=cut, shift=0) for cut in [*cuts, 1.0, 1.0]]
    for how in before + honest:
        if client.held and client.held.is_whole:
            break
        head, body = server.answer(how, client.held.request_headers if client.held else {})
        client.take(head, body[: round(len(body) * how.cut)])
    assert bytes(client.data) in [server.file(0), server.file(1)]
