"""The name of the machine's present run."""

from __future__ import annotations

import sys

import pytest

from archiver.runtime.boot import boot_id
from tests.storage.processes import running


def test_a_boot_has_one_name_for_every_process() -> None:
    """Only then does a later run trust what a killed one had written and not synced."""
    script = "from archiver.runtime.boot import boot_id; print(); print(boot_id(), flush=True); input()"
    with running(script) as process:
        assert process.stdout
        assert process.stdout.readline().strip() == str(boot_id())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux names its boots")
def test_linux_names_its_boots() -> None:
    """Without a name a killed run costs up to 16 MiB of each download."""
    assert boot_id()
