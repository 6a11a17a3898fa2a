"""The ways not to answer: one small value each, which takes one request.

breaks    the connection ends too soon       answers   the API says something else
stalls    nothing more arrives               bodies    the body is not the file
framing   lengths and chunks, or not HTTP    ranges    a part is not the part that was asked for
status    not a success, or elsewhere               crowds    too many at once
"""

from tests.simulator.answering import Always, Both, Fault
from tests.simulator.faults.answers import (
    Array,
    CutJson,
    DeepNesting,
    EndlessJson,
    ErrorObject,
    GzipBomb,
    HtmlPage,
    NotANumber,
    Null,
    NumbersAsText,
    OtherId,
)
from tests.simulator.faults.bodies import ChallengePage, EmptyBody, ForcedGzip, Raw
from tests.simulator.faults.breaks import (
    CloseBeforeHeaders,
    CutAfter,
    CutChunked,
    IdleClose,
    ResetAfter,
    ResetAfterHeaders,
    ResetBeforeHeaders,
)
from tests.simulator.faults.crowds import AtMost
from tests.simulator.faults.framing import (
    ChunkedWithoutLength,
    EndlessBody,
    HugeHeader,
    NotHttp,
    UntilClose,
    WrongContentLength,
)
from tests.simulator.faults.ranges import Changed, IgnoreRange, LyingRange, RangeNotSatisfiable, WrongRange
from tests.simulator.faults.stalls import Silence, SlowBody, StallAfter
from tests.simulator.faults.status import Redirect, RedirectLoop, Status

__all__ = [
    "Always",
    "Array",
    "AtMost",
    "Both",
    "ChallengePage",
    "Changed",
    "ChunkedWithoutLength",
    "CloseBeforeHeaders",
    "CutAfter",
    "CutChunked",
    "CutJson",
    "DeepNesting",
    "EmptyBody",
    "EndlessBody",
    "EndlessJson",
    "ErrorObject",
    "Fault",
    "ForcedGzip",
    "GzipBomb",
    "HtmlPage",
    "HugeHeader",
    "IdleClose",
    "IgnoreRange",
    "LyingRange",
    "NotANumber",
    "NotHttp",
    "Null",
    "NumbersAsText",
    "OtherId",
    "RangeNotSatisfiable",
    "Raw",
    "Redirect",
    "RedirectLoop",
    "ResetAfter",
    "ResetAfterHeaders",
    "ResetBeforeHeaders",
    "Silence",
    "SlowBody",
    "StallAfter",
    "Status",
    "UntilClose",
    "WrongContentLength",
    "WrongRange",
]
