"""Web servers as they come from Debian, each with a small configuration of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server serves from, what it may write to, and on which port of 127.0.0.1 it listens."""

    root: Path
    work: Path
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How a server is started; `has_ranges` tells whether it can send the rest of a file."""

    name: str
    program: str
    command: Callable[[Place], list[str]]
    has_ranges: bool = True

    @property
    def is_here(self) -> bool:
        """True where the program is installed."""
        return shutil.which(self.program) is not None


def _nginx(place: Place) -> list[str]:
    config = place.work / "nginx.conf"
    config.write_text(f"""
        daemon off; pid {place.work}/nginx.pid; error_log {place.work}/error.log;
        events {{}}
        http {{
            access_log off; types {{ video/mp4 mp4; }}
            client_body_temp_path {place.work}/body; proxy_temp_path {place.work}/proxy;
            fastcgi_temp_path {place.work}/fastcgi; uwsgi_temp_path {place.work}/uwsgi;
            scgi_temp_path {place.work}/scgi;
            server {{ listen 127.0.0.1:{place.port}; root {place.root}; }}
        }}
        {"user root;" if _is_root() else ""}
    """)
    return ["nginx", "-c", str(config)]


def _apache(place: Place) -> list[str]:
    config = place.work / "apache.conf"
    modules = "/usr/lib/apache2/modules"
    config.write_text(f"""
        ServerRoot {place.work}
        ServerName localhost
        Listen 127.0.0.1:{place.port}
        PidFile {place.work}/apache.pid
        ErrorLog {place.work}/error.log
        DocumentRoot {place.root}
        LoadModule mpm_event_module {modules}/mod_mpm_event.so
        LoadModule authz_core_module {modules}/mod_authz_core.so
        <Directory {place.root}>
            Require all granted
        </Directory>
    """)
    return ["apache2", "-f", str(config), "-DFOREGROUND"]


def _lighttpd(place: Place) -> list[str]:
    config = place.work / "lighttpd.conf"
    config.write_text(f"""
        server.document-root = "{place.root}"
        server.bind = "127.0.0.1"
        server.port = {place.port}
        mimetype.assign = (".mp4" => "video/mp4")
    """)
    return ["lighttpd", "-D", "-f", str(config)]


def _caddy(place: Place) -> list[str]:
    config = place.work / "Caddyfile"
    config.write_text(f"""
        {{
            admin off
            auto_https off
        }}
        http://127.0.0.1:{place.port} {{
            root * {place.root}
            file_server
        }}
    """)
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


def _python(place: Place) -> list[str]:
    return [
        sys.executable,
        "-m",
        "http.server",
        str(place.port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(place.root),
    ]


SERVERS = (
    Server(name="nginx", program="nginx", command=_nginx),
    Server(name="Apache httpd", program="apache2", command=_apache),
    Server(name="lighttpd", program="lighttpd", command=_lighttpd),
    Server(name="caddy", program="caddy", command=_caddy),
    Server(name="Python's http.server", program=sys.executable, command=_python, has_ranges=False),
)


@asynccontextmanager
async def running(server: Server, root: Path, work: Path) -> AsyncIterator[int]:
    """Run a server over the files in `root`; give its port."""
    place = Place(root=root, work=work, port=_free_port())
    said = work / "said.log"
    with said.open("wb") as output:
        program = await asyncio.create_subprocess_exec(
            *server.command(place), stdout=output, stderr=output, env=os.environ | {"HOME": str(work)}
        )
    try:
        await _listening(place.port, program, said)
        yield place.port
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()


async def _listening(port: int, program: asyncio.subprocess.Process, said: Path) -> None:
    """Wait until connections are accepted."""
    async with asyncio.timeout(20):
        while True:
            assert program.returncode is None, f"the server did not start: {_end_of(said)}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def _end_of(said: Path) -> str:
    return said.read_text(errors="replace")[-500:]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _is_root() -> bool:
    return os.geteuid() == 0
