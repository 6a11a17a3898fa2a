"""Films, through PyAV: every packet is read, the first frame decoded.

The container's own structure tells whether the file is whole; reading all packets finds holes and counts
frames; the first frame proves that the headers are of use to a decoder.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from archiver.domain.checks import DURATION_TOLERANCE_S, Damaged, Inspection, Measurement, MediaKind
from archiver.media.boxes import find_box_flaw, promised_duration_s
from archiver.media.ebml import find_element_flaw
from archiver.media.wording import one_line

# libav writes its complaints to standard error from any thread; what matters comes as an exception.
av.logging.set_level(av.logging.PANIC)

_ISO = {MediaKind.MP4, MediaKind.MOV}
# Files alone: what a film refers to, other files or hosts, is not opened.
_PROTOCOLS = {"protocol_whitelist": "file"}
# On opening libav decodes frames until it knows a stream. An MP4's index says all but its exact sides, which
# the frame tells that is decoded here: to decode a grainy clip's first frame takes as long as all else.
_QUICKLY = {"probesize": "32", "skip_frame": "all"}
# Tags in another encoding than they should be are no damage. PyAV has to be told so up to 18.
_ANY_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}  # noqa: PLR2004 - as said
# PyAV up to 14.0 names the decoder alone; these are named after a library, not after what they decode.
_CODEC_OF_DECODER = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}
# No packet of a compressed film begins so; a hole that a download left does.
_HOLE = bytes(16)


@dataclass(slots=True)
class _Packets:
    """The packets of one stream so far: how many, and what they span, in units of the stream's time base."""

    count: int = 0
    begin: int | None = None
    end: int | None = None

    @property
    def span(self) -> int:
        return 0 if self.begin is None or self.end is None else self.end - self.begin

    def add(self, packet: Packet[Any]) -> None:
        self.count += 1
        moment = packet.pts if packet.pts is not None else packet.dts
        if moment is None:
            return
        end = moment + (packet.duration or 0)
        self.begin = moment if self.begin is None else min(self.begin, moment)
        self.end = end if self.end is None else max(self.end, end)


@dataclass(slots=True)
class _Reading:
    """What was read so far: the film's packets, its first frame, and where the last packet of all ends."""

    packets: _Packets = field(default_factory=_Packets)
    first: VideoFrame | None = None
    ends: dict[int, int] = field(default_factory=dict)
    """By stream, in units of its time base."""

    def until_s(self, container: InputContainer) -> float:
        return max(
            (
                float(end * base)
                for number, end in self.ends.items()
                if (base := container.streams[number].time_base) is not None
            ),
            default=0.0,
        )


def inspect_video(path: Path, kind: MediaKind) -> Inspection:
    """Read a film to its end and measure it: sides as shown, seconds and frame rate as ffprobe says them.

    Raises `OSError` where the file cannot be opened, and `MemoryError`.
    """
    flaw = find_box_flaw(path, needs_film=True) if kind in _ISO else find_element_flaw(path)
    if flaw:
        return Damaged(kind, flaw)
    try:
        if kind in _ISO:
            with _open(path, "mov", is_quick=True) as container:
                if _is_indexed(container):
                    return _measure(container, kind, promised_duration_s(path))
        with _open(path, "mov" if kind in _ISO else "matroska", is_quick=False) as container:
            return _measure(container, kind, promised_duration_s(path) if kind in _ISO else None)
    except MemoryError:
        raise
    except (av.FFmpegError, OSError, ValueError, ArithmeticError) as error:
        return Damaged(kind, one_line(getattr(error, "strerror", None) or str(error)) or type(error).__name__)


def _open(path: Path, demuxer: str, *, is_quick: bool) -> InputContainer:
    container: InputContainer = av.open(
        f"file:{path}",
        format=demuxer,
        options=_PROTOCOLS | _QUICKLY if is_quick else _PROTOCOLS,
        **_ANY_TAGS,
    )
    return container


def _is_indexed(container: InputContainer) -> bool:
    """Tell whether the film's index lists its frames; in fragments it lists none, and no rate."""
    stream = container.streams.best("video")
    return isinstance(stream, VideoStream) and stream.frames > 0 and stream.average_rate is not None


def _measure(container: InputContainer, kind: MediaKind, promised_s: float | None) -> Measurement | Damaged:
    # Of several the one that players show: cover pictures are video streams, too.
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        return Damaged(kind, "it has no video stream")
    # PyAV's types do not say so: of a codec that libav does not know there is no context.
    if getattr(stream, "codec_context", None) is None:
        return Damaged(kind, "its video is in an unknown codec")
    read = _read(container, stream)
    if read.first is None:
        return Damaged(kind, "no frame of it decodes")
    cut = _find_cut(stream, read.packets, (promised_s or 0) - read.until_s(container), promised_s or 0)
    if cut:
        return Damaged(kind, cut)
    sides = (stream.codec_context.width, stream.codec_context.height)
    width, height = reversed(sides) if _is_turned(read.first) else sides
    rate, name = stream.average_rate, stream.codec_context.name
    return Measurement(
        kind=kind,
        width=width,
        height=height,
        duration_s=_duration_s(stream, read.packets),
        codec=_CODEC_OF_DECODER.get(name, name),
        frame_rate=f"{rate.numerator}/{rate.denominator}" if rate else None,
        frames=read.packets.count,
    )


def _read(container: InputContainer, stream: VideoStream) -> _Reading:
    """Read every packet of every stream: a hole in the sound is a hole, too. Decode until the first frame.

    Raises `ValueError` at a packet that is not whole, and what PyAV raises.
    """
    # Threads cost more than the one frame that is decoded.
    stream.codec_context.thread_count = 1
    read = _Reading()
    for packet in container.demux():
        if packet.is_corrupt:
            msg = f"cut short: a packet {_place(packet)} is not whole"
            raise ValueError(msg)
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            read.ends[packet.stream_index] = max(end, read.ends.get(packet.stream_index, end))
        if packet.stream is not stream:
            continue
        if packet.size and bytes(memoryview(packet)[: len(_HOLE)]) == _HOLE:
            msg = f"a hole: the packet {_place(packet)} is empty"
            raise ValueError(msg)
        if read.first is None:
            # The last packet has no bytes: it makes the decoder give out what it holds back.
            read.first = next((frame for frame in packet.decode() if isinstance(frame, VideoFrame)), None)
        if packet.size:
            read.packets.add(packet)
    return read


def _find_cut(stream: VideoStream, packets: _Packets, missing_s: float, promised_s: float) -> str | None:
    """Return what is missing at the end: frames that the index lists, or fragments of a promised duration."""
    if _ends_early(stream, packets):
        return f"cut short: {packets.count} of {stream.frames} frames are there"
    if missing_s > DURATION_TOLERANCE_S:
        return f"cut short: {missing_s:.3f} of {promised_s:.3f} s are missing"
    return None


def _ends_early(stream: VideoStream, packets: _Packets) -> bool:
    """Tell whether frames that the index lists are missing at the end.

    Fewer packets alone are no proof: an edit list hides frames, and shortens the duration as well.
    """
    return packets.count < stream.frames and packets.span < (stream.duration or 0)


def _is_turned(frame: VideoFrame) -> bool:
    """Tell whether the display matrix turns the picture by a quarter (ISO/IEC 14496-12 §8.3.2.3).

    PyAV up to 14.0 knows the matrix and not yet the angle.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return False
    a: int
    b: int
    a, b = struct.unpack_from("=2i", bytes(matrix))
    return abs(b) > abs(a)


def _duration_s(stream: VideoStream, packets: _Packets) -> float | None:
    """Return what the container says of the stream, or, as Matroska says nothing, what its packets span."""
    ticks = stream.duration or packets.span
    return float(ticks * stream.time_base) if ticks > 0 and stream.time_base is not None else None


def _place(packet: Packet[Any]) -> str:
    return "at an unknown place" if packet.pos is None else f"at byte {packet.pos}"
