"""``hocbaso`` as a process of its own without reading the same libraries anew each time.

A command spends four fifths of its processor time on imports. One process a test worker has done them and
forks a child a command (``nursery_process.py``): with its own environment, directory, standard streams and
exit status, to be waited for, stopped or killed like any other.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("hocbaso"))
_NUMBER = struct.Struct("!i")


class Child:
    """A running command; knows as much of :class:`subprocess.Popen` as the journeys use."""

    def __init__(self, connection: socket.socket, pid: int, out: int, err: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._connection = connection
        self._streams = {out: b"", err: b""}

    def poll(self) -> int | None:
        """Its status when it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its status at its end (negative: the signal that killed it)."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._connection, selectors.EVENT_READ)
                if selector.select(timeout):
                    (self.returncode,) = _NUMBER.unpack(self._connection.recv(_NUMBER.size))
                    self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it wrote on standard output and standard error, up to its end."""
        end = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            for stream in self._streams:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(None if end is None else end - time.monotonic())
                if not ready:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                for key, _ in ready:
                    if piece := os.read(key.fd, 65536):
                        self._streams[key.fd] += piece
                    else:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        self.wait(None if end is None else max(0.1, end - time.monotonic()))
        out, err = (content.decode("utf-8") for content in self._streams.values())
        return out, err


class Nursery:
    """The worker's process that forks commands."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hbs-nursery-")
        self._address = str(Path(self._folder.name) / "socket")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
        program = str(Path(__file__).with_name("nursery_process.py"))
        self._process = subprocess.Popen(
            [sys.executable, program, self._address],
            env=clean,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        atexit.register(self.close)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path | None = None,
        code: str = "",
    ) -> Child:
        """``hocbaso`` with these arguments; ``code`` runs in the child before the command does."""
        request = json.dumps(
            {
                "argv": [COMMAND, *arguments],
                "env": dict(environment),
                "cwd": str(cwd or Path.cwd()),
                "code": code,
            }
        ).encode()
        (out, child_out), (err, child_err) = os.pipe(), os.pipe()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        socket.send_fds(connection, [_NUMBER.pack(len(request))], [child_out, child_err])
        os.close(child_out)
        os.close(child_err)
        connection.sendall(request)
        (pid,) = _NUMBER.unpack(connection.recv(_NUMBER.size))
        return Child(connection, pid, out, err)


@cache
def nursery() -> Nursery:
    """One a worker, from the first command on."""
    return Nursery()


def begun(home: Path, schools: Sequence[Sequence[str]]) -> None:
    """A node's directory as ``hocbaso init`` and these ``school add`` leave it, copied from the run's first.

    The directory of prepared nodes is the run's (``tests/conftest.py``): it knows this run's sources only.
    """
    shared = Path(os.environ["HOCBASO_TEST_SHARED"])
    with open(shared / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepared = _prepared(shared, schools)
    shutil.copytree(prepared, home, dirs_exist_ok=True)


def _prepared(shared: Path, schools: Sequence[Sequence[str]]) -> Path:
    ready = shared / hashlib.sha256(json.dumps(schools).encode()).hexdigest()[:16]
    if ready.exists():
        return ready
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=shared))
    if schools:
        shutil.copytree(_prepared(shared, schools[:-1]), unfinished, dirs_exist_ok=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
    environment = clean | {"HOCBASO_HOME": str(unfinished), "HOCBASO_SANDBOX_KEY": "p256"}
    child = nursery().start(schools[-1] if schools else ("init",), environment)
    out, err = child.communicate(timeout=600)
    assert child.returncode == 0, out + err
    return unfinished.rename(ready)
