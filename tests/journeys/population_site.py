"""The sandbox's population registry on loopback, in a process of its own."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.commands import Home

PATIENCE = 240.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """A running registry."""

    base: str

    def _call(self, method: str, what: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/v1/admin/{what}", content, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def counters(self) -> dict[str, int]:
        """What it has counted so far: ``messages``, ``verify_items``, ``distinct``, ``repeated``, …"""
        return self._call("GET", "counters")

    def behave(self, **values: Any) -> None:
        """Have its bad days."""
        self._call("PUT", "settings", values)


@contextmanager
def population_site(
    home: Home, people: Path, stays: Path | None = None, port: int | None = None
) -> Iterator[Site]:
    """``hocbaso sandbox`` with a home of its own and the CSV files loaded."""
    port = port or free_port()
    command = ["sandbox", "--port", str(port), "--population", str(people)]
    if stays is not None:
        command += ["--residence", str(stays)]
    process = home.start(*command)
    site = Site(f"http://127.0.0.1:{port}/population")
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                site.counters()
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end, "the sandbox does not start"
                time.sleep(0.1)
        yield site
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
