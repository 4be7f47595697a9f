"""Portraits out of whatever cameras and phones make: read safely, cut to 3×4, written without anything but
pixels. Pure: bytes in, bytes out."""

from hocbaso.engines.images.portrait import Frame, Portrait, cut
from hocbaso.engines.images.reading import MAX_BYTES, Source, prepare

__all__ = ["MAX_BYTES", "Frame", "Portrait", "Source", "cut", "prepare"]
