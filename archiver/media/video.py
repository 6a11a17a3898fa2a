"""Films, through PyAV in this process: every packet is read, the first frame decoded.

A top-level look at the boxes finds a file that is cut; reading all packets finds holes and counts frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.logging
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from archiver.domain.checks import Damaged, Inspection, Measurement, MediaKind
from archiver.media.boxes import find_flaw

# libav writes its complaints to standard error from any thread; what matters comes as an exception.
av.logging.set_level(av.logging.PANIC)

_ISO = {MediaKind.MP4, MediaKind.MOV}
_REASON_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class _Packets:
    """All packets of the video: how many, and where the first begins and the last ends, in seconds."""

    count: int
    begin_s: Fraction
    end_s: Fraction

    @property
    def span_s(self) -> Fraction:
        return self.end_s - self.begin_s


def inspect_video(path: Path, kind: MediaKind) -> Inspection:
    """Read a film to its end and measure it."""
    flaw = find_flaw(path) if kind in _ISO else None
    if flaw:
        return Damaged(kind, flaw)
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return _measure(container, kind)
    except (av.FFmpegError, OSError, ValueError, ArithmeticError, MemoryError) as error:
        return Damaged(kind, _reason(error))


def _measure(container: InputContainer, kind: MediaKind) -> Measurement | Damaged:
    # Cover pictures count as video streams, too.
    streams = [stream for stream in container.streams.video if stream.codec_context.name != "png"]
    if not streams:
        return Damaged(kind, "it has no video stream")
    stream = streams[0]
    packets, first = _read(container, stream)
    if first is None or packets.count == 0:
        return Damaged(kind, "no frame of it decodes")
    promised = stream.frames
    if promised and packets.count < promised:
        return Damaged(kind, f"cut short: {packets.count} of {promised} frames are there")
    is_turned = first.rotation % 180 != 0
    width, height = stream.codec_context.width, stream.codec_context.height
    rate = stream.average_rate
    return Measurement(
        kind=kind,
        width=height if is_turned else width,
        height=width if is_turned else height,
        duration_s=_duration_s(stream, packets),
        codec=stream.codec_context.name,
        frame_rate=f"{rate.numerator}/{rate.denominator}" if rate else None,
        frames=packets.count,
    )


def _read(container: InputContainer, stream: VideoStream) -> tuple[_Packets, VideoFrame | None]:
    """Read every packet of every stream: a hole in the sound is a hole, too. Decode until the first frame."""
    count, begins, ends = 0, [], []
    first: VideoFrame | None = None
    for packet in container.demux():
        if packet.is_corrupt:
            msg = f"cut short: the bytes of a packet are missing at {_at(packet.pos)}"
            raise ValueError(msg)
        if packet.stream is not stream:
            continue
        if first is None:
            # An empty packet, at the end, flushes the decoder.
            first = next((frame for frame in packet.decode() if isinstance(frame, VideoFrame)), None)
        if packet.size == 0 or packet.time_base is None:
            continue
        count += 1
        moment = packet.pts if packet.pts is not None else packet.dts
        if moment is not None:
            begins.append(moment * packet.time_base)
            ends.append((moment + (packet.duration or 0)) * packet.time_base)
    begin, end = min(begins, default=Fraction(0)), max(ends, default=Fraction(0))
    return _Packets(count, begin, end), first


def _duration_s(stream: VideoStream, packets: _Packets) -> float | None:
    """Return what the container says of the stream, as ffprobe does, or else what its packets span."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float(packets.span_s) if packets.span_s > 0 else None


def _at(position: int | None) -> str:
    return "an unknown place" if position is None else f"byte {position}"


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, av.FFmpegError) else str(error)
    line = " ".join("".join(c if c.isprintable() else " " for c in text or type(error).__name__).split())
    return line[:_REASON_CHARACTERS]
