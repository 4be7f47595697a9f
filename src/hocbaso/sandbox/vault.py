"""A private directory that survives kills and concurrent processes.

Files are written to a temporary name, flushed and renamed; whoever creates something holds ``lock``
(``flock``: the kernel lets go of it when a process dies). Directory 0700, files 0600.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Vault:
    """Files under one directory of the sandbox."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, name: str) -> Path:
        """Where ``name`` (with forward slashes) is or will be kept."""
        return self.directory.joinpath(*name.split("/"))

    def read(self, name: str) -> bytes | None:
        """The content of ``name``, or None when there is no such file."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Whether there is a file ``name``."""
        return self.path(name).is_file()

    def names(self, folder: str, suffix: str) -> list[str]:
        """Names of the files in ``folder`` that end in ``suffix``, sorted; temporary files are not listed."""
        try:
            found = os.listdir(self.path(folder))
        except FileNotFoundError:
            return []
        return sorted(f"{folder}/{name}" for name in found if name.endswith(suffix) and name[0] != ".")

    def write(self, name: str, content: bytes) -> None:
        """Write ``name`` whole or not at all."""
        target = self.path(name)
        self._make_folders(target.parent)
        temporary = target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def read_or_make(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The content of ``name``; made once, whatever number of processes ask at the same time."""
        content = self.read(name)
        if content is None:
            with self.locked():
                content = self.read(name)
                if content is None:
                    content = make()
                    self.write(name, content)
        return content

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory's lock; not re-entrant."""
        handle = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _make_folders(self, folder: Path) -> None:
        """Each level by itself: ``mkdir(parents=True)`` gives the mode to the last one only."""
        if folder != self.directory and not folder.is_dir():
            self._make_folders(folder.parent)
            folder.mkdir(exist_ok=True, mode=0o700)
