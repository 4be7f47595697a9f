"""A throw-away PostgreSQL for the test run: started by the tests, gone with them."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, or apt-get install postgresql")
    return found[-1]


@dataclass
class Server:
    """One cluster in a short directory, listening on a Unix socket only."""

    directory: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.directory}&port={self.port}"

    @classmethod
    def shared(cls) -> Server:
        """The run's server; workers of a parallel run find the one that the first process started."""
        if known := os.environ.get("HOCBASO_TEST_PG"):
            directory, port = known.rsplit(":", 1)
            return cls(Path(directory), int(port))
        server = cls.start()
        os.environ["HOCBASO_TEST_PG"] = f"{server.directory}:{server.port}"
        atexit.register(server.stop)
        server.owner = os.getpid()
        return server

    owner: int = 0

    @classmethod
    def start(cls, *, durable: bool = False) -> Server:
        """A new cluster.

        :param durable: with the server's own settings, as a node would run it; tests need no safety on disk.
        """
        directory = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = cls(directory, port)
        if os.getuid() == 0:
            shutil.chown(directory, "postgres")
        data = directory / "data"
        server._run(
            "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        options = f"-k {directory} -c listen_addresses='' -p {port}"
        if not durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        server._run("pg_ctl", "-D", data, "-w", "-s", "-l", directory / "log", "-o", options, "start")
        return server

    def stop(self) -> None:
        if self.owner == os.getpid() and self.directory.exists():
            self._run("pg_ctl", "-D", self.directory / "data", "-s", "-m", "immediate", "stop")
            shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*prefix, str(_binaries() / program), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")
