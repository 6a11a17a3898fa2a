"""The simulated service: an API and media hosts on loopback, over real sockets, that fail as they are told.

    async with Service() as service:
        service.serve("id-1", make_clip(), faults=[CutAfter(100), Status(503, retry_after=2)])
        ...                      # run the archiver against service.api_base
        assert len(service.log.media) == 3

`wire` is one connection, `hosted` and `api` answer as an honest server does, `faults` are the ways not to,
`service` puts them together and remembers every request. `clips` makes real media, `answers` the API's JSON.
"""

from tests.simulator.answers import ZERO_TIME, Shape
from tests.simulator.api import API_KEY
from tests.simulator.clips import Clip, Media, Recipe, make_clip
from tests.simulator.hosted import HostedFile, Offers
from tests.simulator.service import Served, Service

__all__ = [
    "API_KEY",
    "ZERO_TIME",
    "Clip",
    "HostedFile",
    "Media",
    "Offers",
    "Recipe",
    "Served",
    "Service",
    "Shape",
    "make_clip",
]
