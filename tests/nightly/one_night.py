"""One `sync` in a process of its own, which can be killed: `python -m tests.nightly.one_night`.

It takes the archive, the API's address and the moment at which its clock stands; it prints the id of each
generation that came to its end.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from archiver.assembly.options import NetworkOptions, Options
from archiver.assembly.session import sync
from archiver.domain.events import Event, GenerationFinished
from archiver.domain.identity import ApiKey
from archiver.runtime.stopping import Stop
from tests.nightly.nights import HandClock
from tests.runs.running import QUICK
from tests.simulator import API_KEY


def patient_options(api_base: str, archive: Path) -> Options:
    """Return options that point at the simulated service, and give a busy machine all the time it needs."""
    network = NetworkOptions(
        api_base=api_base, api_key=ApiKey(API_KEY), allow_private_hosts=True, retry=QUICK
    )
    return Options(archive=archive, network=network)


def _tell(event: Event) -> None:
    if isinstance(event, GenerationFinished):
        sys.stdout.write(f"{event.result.id}\n")
        sys.stdout.flush()


def _main(archive: str, api_base: str, moment: str) -> int:
    clock = HandClock(datetime.fromisoformat(moment))
    report = asyncio.run(sync(patient_options(api_base, Path(archive)), _tell, Stop(), clock))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
