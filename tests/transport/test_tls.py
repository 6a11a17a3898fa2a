"""TLS to an address that the guard gave: the certificate must be the name's all the same."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.domain.errors import ConnectError
from archiver.domain.identity import MediaUrl
from archiver.transport.addressing import AddressPolicy
from archiver.transport.options import HttpEngine
from tests.transport.carrying import LOCAL, carry, fetch
from tests.transport.servers import Call, listen, serve

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_SIGN = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1")
_LEAF = (
    "subjectAltName=DNS:media.example\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
)
# Python 3.13 wants what RFC 5280 does (ssl.VERIFY_X509_STRICT).
_AUTHORITY = ("-subj", "/CN=Test", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority of this test's own, and a server with its certificate for `media.example`."""

    authority: Path
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make them with openssl, which lives for a day: none is kept in the repository."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    (folder / "leaf.cnf").write_text(_LEAF)
    for command in (
        ("req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "1", *_AUTHORITY),
        ("req", *_KEY, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=media.example"),
        ("x509", "-req", "-in", "leaf.csr", *_SIGN, "-extfile", "leaf.cnf", "-out", "leaf.pem"),
    ):
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True)  # noqa: S603 - as written here
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return Certificates(folder / "ca.pem", server)


async def answer(call: Call) -> None:
    """Answer."""
    await call.answer(b"whole")


async def answer_loopback(_host: str) -> list[str]:
    """Resolve every name to the test's server."""
    return ["127.0.0.1"]


POLICY = AddressPolicy(resolve=answer_loopback)


async def test_a_name_is_verified_at_the_address_it_was_pinned_to(
    engine: HttpEngine, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is for the name, and the connection to the checked address."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    async with serve(answer, tls=certificates.server) as server, carry(engine, LOCAL, POLICY) as transport:
        url = server.url(host="media.example", scheme="https")
        assert (await fetch(transport, url))[1] == b"whole"


async def test_another_names_certificate_is_refused(
    engine: HttpEngine, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can answer for an address cannot answer for a name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    async with serve(answer, tls=certificates.server) as server, carry(engine, LOCAL, POLICY) as transport:
        with pytest.raises(ConnectError, match=r"^other\.example: no connection: .*certificate"):
            await fetch(transport, server.url(host="other.example", scheme="https"))
        assert not server.calls


async def test_an_unknown_authority_is_refused(engine: HttpEngine, certificates: Certificates) -> None:
    """The system's authorities decide, or those that SSL_CERT_FILE names."""
    async with serve(answer, tls=certificates.server) as server, carry(engine, LOCAL, POLICY) as transport:
        with pytest.raises(ConnectError, match=r"^media\.example: no connection: .*certificate"):
            await fetch(transport, server.url(host="media.example", scheme="https"))
        assert not server.calls


async def test_a_host_without_tls_is_no_connection(engine: HttpEngine) -> None:
    """Nothing is sent to a host that cannot prove who it is."""

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"GET" not in await reader.read(4096)
        writer.write(b"HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n")

    async with listen(complain) as port, carry(engine, LOCAL, POLICY) as transport:
        with pytest.raises(ConnectError):
            await fetch(transport, MediaUrl.parse(f"https://media.example:{port}/"))
