"""nginx on loopback: the media, and the API as saved answers, so that neither adds noise of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.corpus import Corpus

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What nginx offers: a corpus, each connection at `rate` (bytes a second, nginx's notation) at most.

    `base` is where clients reach it, its own port unless there is something in between. Of copies there are
    no files: every id is answered with those of the one generation of `copies_of`.
    """

    corpus: Corpus
    base: str
    port: int
    folder: Path
    rate: str = "0"
    copies_of: Corpus | None = None

    @property
    def urls(self) -> list[str]:
        """Where each of the corpus's items is."""
        return [f"{self.base}/{item.path}" for item in self.corpus.items]


@dataclass(slots=True)
class Hosting:
    """Starts nginx for a site, below `work`; each site gets a folder of its own."""

    work: Path
    _sites: int = field(default=0, init=False)

    @contextmanager
    def site(
        self,
        corpus: Corpus,
        *,
        rate: str = "0",
        base: str | None = None,
        copies_of: Corpus | None = None,
    ) -> Iterator[Site]:
        """Offer a corpus. Raises `RuntimeError` where nginx does not start."""
        self._sites += 1
        folder = self.work / f"site-{self._sites}"
        folder.mkdir(parents=True)
        port = free_port()
        site = Site(
            corpus=corpus,
            base=base or f"http://127.0.0.1:{port}",
            port=port,
            folder=folder,
            rate=rate,
            copies_of=copies_of,
        )
        corpus.write_answers(folder / "api", site.base)
        try:
            with _running(site):
                yield site
        finally:
            shutil.rmtree(folder)


def has_nginx() -> bool:
    """Tell whether nginx is installed."""
    return shutil.which("nginx") is not None


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _running(site: Site) -> Iterator[None]:
    config, said = site.folder / "nginx.conf", site.folder / "said.log"
    config.write_text(_configuration(site))
    with said.open("wb") as output:
        nginx = subprocess.Popen(["nginx", "-c", str(config)], stdout=output, stderr=output)  # noqa: S603, S607 - the one on PATH
    try:
        _wait_until_listening(site.port, nginx, said)
        yield
    finally:
        nginx.terminate()
        nginx.wait()


def _configuration(site: Site) -> str:
    folder = site.folder
    return f"""
        daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
        {"user root;" if os.geteuid() == 0 else ""}
        worker_processes auto;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on;
            types {{ video/mp4 mp4; image/jpeg jpg; }}
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            server {{
                listen 127.0.0.1:{site.port} backlog=1024;
                root {site.corpus.media}; limit_rate {site.rate};
                location /imagedelivery/ {{ default_type image/jpeg; }}
                {_copies(site.copies_of, site.base) if site.copies_of else _answers(folder)}
            }}
        }}
    """


def _answers(folder: Path) -> str:
    return f"location /luma/generations/ {{ root {folder}/api; default_type application/json; }}"


def _copies(one: Corpus, base: str) -> str:
    """Return what lets one generation stand for any: its answer with the id that was asked for."""
    ((own, answer),) = one.first(1).answers.items()
    answer = answer.replace("{base}", base).replace(own, "$generation")
    return f"""
        rewrite ^/(dream-machine|imagedelivery)/copy-[0-9]+/(.*)$ /$1/{own}/$2;
        location ~ ^/luma/generations/(?<generation>[-a-z0-9]+)$ {{
            default_type application/json; return 200 '{answer}';
        }}
    """


def _wait_until_listening(port: int, nginx: subprocess.Popen[bytes], said: Path) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s and nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    msg = f"nginx does not start: {said.read_text(errors='replace')[-300:]!a}"
    raise RuntimeError(msg)
