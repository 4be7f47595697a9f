"""Frames on the pipe between a signer and its worker process: one octet of kind, length, content."""

from __future__ import annotations

import os
import queue
import select
import struct
import sys
import threading

_HEAD = struct.Struct(">cI")
#: A token holds a few certificates; nothing longer than this is ours.
MAX_FRAME = 4 * 1024 * 1024
_SOME = 1 << 16


class PipeClosed(Exception):
    """The other side is gone."""


class PipeSilent(Exception):
    """Nothing came in time."""


class FramePipe:
    """Two file descriptors, read and written by whole frames.

    :param threaded: wait by a thread that reads; pipes of Windows cannot be waited for otherwise.
    """

    __slots__ = ("_arrived", "_buffer", "_reader", "_writer")

    def __init__(self, reader: int, writer: int, *, threaded: bool = sys.platform == "win32") -> None:
        self._reader, self._writer = reader, writer
        self._buffer = bytearray()
        self._arrived: queue.Queue[bytes] | None = None
        if threaded:
            self._arrived = queue.Queue(maxsize=64)
            threading.Thread(target=_read_on, args=(reader, self._arrived), daemon=True).start()

    def send(self, kind: bytes, content: bytes | bytearray = b"") -> None:
        """Write one frame. :raises PipeClosed:"""
        frame = bytearray(_HEAD.pack(kind, len(content)))
        frame += content
        view = memoryview(frame)
        try:
            while view:
                view = view[os.write(self._writer, view) :]
        except OSError:
            raise PipeClosed from None
        finally:
            view.release()
            frame[:] = bytes(len(frame))  # a PIN may have been in it

    def receive(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """The next frame: kind and content.

        :param timeout: seconds without any octet after which to give up; None waits for ever.
        :raises PipeClosed: the other side ended, or does not speak this protocol. :raises PipeSilent:
        """
        while True:
            if len(self._buffer) >= _HEAD.size:
                kind, length = _HEAD.unpack_from(self._buffer)
                if length > MAX_FRAME:
                    raise PipeClosed
                end = _HEAD.size + length
                if len(self._buffer) >= end:
                    content = bytes(self._buffer[_HEAD.size : end])
                    self._buffer[:end] = b""
                    return kind, content
            self._fill(timeout)

    def _fill(self, timeout: float | None) -> None:
        if self._arrived is not None:
            return self._take(self._arrived, timeout)
        if timeout is not None and not _ready(self._reader, timeout):
            raise PipeSilent
        try:
            some = os.read(self._reader, _SOME)
        except OSError:
            raise PipeClosed from None
        if not some:
            raise PipeClosed
        self._buffer += some

    def _take(self, arrived: queue.Queue[bytes], timeout: float | None) -> None:
        try:
            some = arrived.get(timeout=timeout)
        except queue.Empty:
            raise PipeSilent from None
        if not some:
            arrived.put(b"")  # closed stays closed
            raise PipeClosed
        self._buffer += some


def _ready(reader: int, timeout: float) -> bool:
    """Whether something can be read in time. ``select`` knows no descriptor above 1023; a server has them."""
    if not hasattr(select, "poll"):
        return bool(select.select([reader], [], [], timeout)[0])
    asked = select.poll()
    asked.register(reader, select.POLLIN)
    return bool(asked.poll(max(0, round(timeout * 1000))))


def _read_on(reader: int, arrived: queue.Queue[bytes]) -> None:
    """Everything that comes, until the end, which is told by nothing."""
    some = b"-"
    while some:
        try:
            some = os.read(reader, _SOME)
        except OSError:
            some = b""
        arrived.put(some)
