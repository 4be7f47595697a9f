"""Frames on the pipe between a signer and its worker process: one octet of kind, length, content."""

from __future__ import annotations

import os
import select
import struct

_HEAD = struct.Struct(">cI")
#: A token holds a few certificates; nothing longer than this is ours.
MAX_FRAME = 4 * 1024 * 1024
_SOME = 1 << 16


class PipeClosed(Exception):
    """The other side is gone."""


class PipeSilent(Exception):
    """Nothing came in time."""


class FramePipe:
    """Two file descriptors, read and written by whole frames."""

    __slots__ = ("_buffer", "_reader", "_writer")

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._buffer = bytearray()

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
        if timeout is not None:
            ready, _, _ = select.select([self._reader], [], [], timeout)
            if not ready:
                raise PipeSilent
        try:
            some = os.read(self._reader, _SOME)
        except OSError:
            raise PipeClosed from None
        if not some:
            raise PipeClosed
        self._buffer += some
