"""Hosts that lead back to this machine or its network: nothing there is connected to, through a whole run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archiver.domain.errors import AddressRefusedError
from archiver.domain.outcome import Outcome
from archiver.transport.addressing import AddressPolicy
from archiver.transport.options import HttpEngine
from tests.hostile.guarded import PRIVATE, PUBLIC, Names, archive_all, is_public_here
from tests.runs.running import look, options_for, run_ids, with_network
from tests.simulator import Service, Shape, make_clip
from tests.simulator.faults import Always, Redirect
from tests.transport.servers import Call, serve

REFUSED = AddressRefusedError.kind
HOSTS = (
    *("127.0.0.1", "localhost", "LOCALHOST", "127.1", "127.0.0.1.", "0", "0.0.0.0", "0x7f.1", "0177.0.0.1"),  # noqa: S104 - nothing is bound
    *("0x7f000001", "2130706433", "017700000001", "127.0.0.2", "10.0.0.1", "192.168.1.1", "172.16.0.1"),
    *("169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd12:3456::1]"),
    *(
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[5f00::1]",
        "[3fff::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
    ),
    *("127.0.0.1%00.example.com", "%6c%6f%63%61%6c%68%6f%73%74", "127.0.0.1\\.example.com"),
)


async def test_no_spelling_of_a_private_address_in_an_answer_is_connected_to(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The base that the user typed is on loopback, and is asked; what it names there is not (CWE-918)."""
    port = urlsplit(service.media_base).port
    for number, host in enumerate(HOSTS):
        url = f"http://{host}:{port}/dream-machine/g-{number}/video0.mp4"
        changes = {name: {"url": url} for name in ("video", "video_raw", "thumbnail", "last_frame")}
        service.serve(f"g-{number}", shape=Shape(changes=changes))
    options = with_network(options_for(service, archive, engine), allow_private_hosts=False)
    run = await run_ids(options, *(f"g-{number}" for number in range(len(HOSTS))))
    for number, host in enumerate(HOSTS):
        error = look(archive, f"g-{number}").record("video").error
        assert error
        assert (host, error.kind) in {(host, REFUSED), (host, "url_refused")}
        assert error.message.isprintable()
    assert {result.outcome for result in run.results.values()} == {Outcome.INCOMPLETE}
    assert len(service.log.api) == len(HOSTS)
    assert not service.log.media


async def test_the_api_cannot_send_its_trust_elsewhere(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The user typed the base, and not what it redirects to: another port of this machine, say."""
    service.serve("g-1")
    service.api_faults.append(Redirect(f"{service.media_base}/luma/generations/g-1"))
    options = with_network(options_for(service, archive, engine), allow_private_hosts=False)
    run = await run_ids(options, "g-1")
    error = run.results["g-1"].error
    assert error
    assert error.kind == REFUSED
    assert len(service.log) == 1


def _serve_under_a_name(service: Service) -> str:
    """Serve `g-1` from a host with a name, at the address that plays the public one; return its base."""
    port = urlsplit(service.listen(PUBLIC)).port
    service.media_base = f"http://cdn.example:{port}"
    service.serve("g-1")
    return service.media_base


ADDRESSES = (
    *("127.0.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - nothing is bound
    *("::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *(
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fd00::1",
        "fec0::1",
        "ff02::1",
    ),
)


async def test_a_name_with_a_private_address_is_not_connected_to(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """`metadata.attacker.example` is as private as what it resolves to, in every form of IPv6."""
    port = urlsplit(service.media_base).port
    for number in range(len(ADDRESSES)):
        service.media_base = f"http://{number}.example:{port}"
        service.serve(f"g-{number}", make_clip())

    async def resolve(host: str) -> list[str]:
        return [ADDRESSES[int(host.partition(".")[0])]]

    policy = AddressPolicy(resolve=resolve)
    ids = [f"g-{number}" for number in range(len(ADDRESSES))]
    results = await archive_all(options_for(service, archive, engine), policy, *ids)
    assert {result.outcome for result in results} == {Outcome.INCOMPLETE}
    for name, address in zip(ids, ADDRESSES, strict=True):
        error = look(archive, name).record("video").error
        assert error
        assert (address, error.kind) == (address, REFUSED)
    assert not service.log.media


async def _never_asked(call: Call) -> None:
    await call.answer(b"the private network", status=500)


async def test_a_name_that_is_rebound_after_its_check_gains_nothing(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Public when it is checked, private when it is connected to: there is one answer for both."""
    base = _serve_under_a_name(service)
    names = Names([PUBLIC], [PRIVATE])
    async with serve(_never_asked, address=PRIVATE, port=urlsplit(base).port or 0) as private:
        (result,) = await archive_all(options_for(service, archive, engine), names.policy, "g-1")
        assert private.connections == 0
    assert result.outcome is Outcome.ARCHIVED
    assert {exchange.host for exchange in service.log.media} == {PUBLIC}
    assert names.asked.count("cdn.example") == 1


@pytest.mark.parametrize("where", ["127.0.0.1", "[::ffff:127.0.0.1]", "rebound.example"])
async def test_a_public_host_cannot_redirect_into_the_private_network(
    service: Service, archive: Path, engine: HttpEngine, where: str
) -> None:
    """The first host is what it seems, and its answer is the attack."""

    async def resolve(host: str) -> list[str]:
        return [PUBLIC] if host == "cdn.example" else [PRIVATE]

    _serve_under_a_name(service)
    policy = AddressPolicy(resolve=resolve, permits=is_public_here)
    async with serve(_never_asked, address=PRIVATE) as private:
        target = f"http://{where}:{private.port}/x?Signature=s1gned"
        video = service.serve("g-1", faults=[Always(Redirect(target))])
        (result,) = await archive_all(options_for(service, archive, engine), policy, "g-1")
        assert private.connections == 0
    assert result.outcome is Outcome.INCOMPLETE
    error = look(archive, "g-1").record("video").error
    assert error
    assert error.kind == REFUSED
    assert "s1gned" not in error.message
    assert service.log.to(video.video.path)
