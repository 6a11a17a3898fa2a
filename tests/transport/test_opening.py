"""Which engine is opened, and what importing costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from archiver.domain.errors import UsageError
from archiver.transport.options import HttpEngine, TransportOptions
from tests.transport.carrying import carry

IMPORTS = """
import sys
import archiver.transport.opening, archiver.transport.options, archiver.transport.throttle
print(sorted({"httpx", "httpcore", "pyreqwest", "anyio", "h11"} & sys.modules.keys()))
"""
OPEN = """
import asyncio, sys
if sys.argv[2:]:
    sys.modules[sys.argv[2]] = None  # what an import finds where there is no wheel for the platform
from archiver.domain.errors import TransferError
from archiver.domain.exchange import Request
from archiver.domain.identity import MediaUrl
from archiver.transport.opening import open_transport
from archiver.transport.options import HttpEngine, TransportOptions

def loaded():
    return sorted({"httpcore", "pyreqwest.client"} & sys.modules.keys())

async def main():
    async with open_transport(TransportOptions(engine=HttpEngine(sys.argv[1]))) as transport:
        before = loaded()
        try:
            async with transport.open(Request(url=MediaUrl.parse("http://127.0.0.1:9/"))):
                print("an answer from a private address")
        except TransferError:
            print(before, loaded())

asyncio.run(main())
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this file's own code


def test_no_http_library_is_imported_before_one_is_needed() -> None:
    """`--help` and `status` must not wait for what they do not use."""
    done = run(IMPORTS)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_auto_is_the_fast_engine_made_with_the_first_request() -> None:
    """Nobody should have to know of it to get it; a night with nothing to fetch is over before its import."""
    done = run(OPEN, "auto")
    assert (done.stdout.strip(), done.stderr) == ("[] ['pyreqwest.client']", "")


def test_auto_does_without_pyreqwest_where_it_is_missing() -> None:
    """It is a compiled library: not every platform has it."""
    done = run(OPEN, "auto", "pyreqwest")
    assert (done.stdout.strip(), done.stderr) == ("[] ['httpcore']", "")


def test_an_engine_asked_for_by_name_must_be_there() -> None:
    """Whoever names one has a reason."""
    done = run(OPEN, "pyreqwest", "pyreqwest")
    assert done.returncode == 1
    assert "UsageError: --http-engine pyreqwest: " in done.stderr


async def test_certificates_that_cannot_be_read_are_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in SSL_CERT_FILE is the user's to mend, not a crash."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    with pytest.raises(UsageError, match=r"^SSL_CERT_FILE or SSL_CERT_DIR cannot be used: No such file"):
        async with carry(HttpEngine.HTTPX, TransportOptions()):
            pytest.fail("opened")
