"""The log as static files: C2SP ``tlog-tiles`` (tiles of height 8, entry bundles) and their paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.ledger.hashing import HASH_SIZE, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
#: Greatest length of an entry: its length stands before it as two bytes.
MAX_ENTRY = 0xFFFF

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)

register(
    {
        "log_path": (
            "Đường dẫn “{path}” không phải tệp của nhật ký công khai.",
            "{path} is not the path of a tile or an entry bundle.",
        ),
        "log_bundle": (
            "Gói bản ghi của nhật ký công khai bị hỏng.",
            "The entry bundle is damaged: {problem}.",
        ),
        "log_tile": (
            "Nhật ký công khai thiếu dữ liệu hoặc dữ liệu bị hỏng (ô {level}/{index}).",
            "Tile {level}/{index} is missing or damaged.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class TileName:
    """A tile of hashes, or with ``level`` None a bundle of entries; ``width`` < 256 for a partial one."""

    level: int | None
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """The path below the log's prefix, e.g. ``tile/0/x001/x234/067.p/12``."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        index = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{index}" + (f".p/{self.width}" if self.width < WIDTH else "")


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a tile of hashes."""
    return TileName(level, index, width).path()


def entries_path(index: int, width: int = WIDTH) -> str:
    """The path of an entry bundle."""
    return TileName(None, index, width).path()


def parse_path(path: str) -> TileName:
    """Read a path; only the one spelling that :meth:`TileName.path` writes is accepted.

    :raises Unreadable: ``log_path``.
    """
    match = _PATH.fullmatch(path)
    if match:
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        name = TileName(level, index, int(match["width"] or WIDTH))
        if name.path() == path:
            return name
    raise Unreadable("log_path", path=path[:100])


def changed_tiles(old: int, new: int) -> Iterator[TileName]:
    """Tiles and bundles that a log grown from ``old`` to ``new`` entries has to publish, bundles first."""
    for index in range(old // WIDTH, -(-new // WIDTH)):
        yield TileName(None, index, min(WIDTH, new - index * WIDTH))
    level = 0
    while new >> (HEIGHT * level):
        before, after = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if after > before:
            for index in range(before // WIDTH, -(-after // WIDTH)):
                yield TileName(level, index, min(WIDTH, after - index * WIDTH))
        level += 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries one after the other, each behind its length as two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle.

    :raises Unreadable: ``log_bundle`` unless it holds exactly ``width`` entries.
    """
    entries = []
    place = 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if end > len(data):
            raise Unreadable("log_bundle", problem="truncated")
        entries.append(data[place + 2 : end])
        place = end
    if len(entries) != width:
        raise Unreadable("log_bundle", problem=f"{len(entries)} entries, not {width}")
    return entries


class TileNodes:
    """Nodes of the tree read out of tiles; a :data:`~hocbaso.engines.ledger.tree.NodeReader`.

    Tiles and the nodes inside them are remembered: proving a class costs little more than proving one pupil.

    :param fetch: gives the hashes of tile (level, index), at least those that exist at the tree size in hand.
    """

    __slots__ = ("_fetch", "_nodes", "_tiles")

    def __init__(self, fetch: Callable[[int, int], bytes]) -> None:
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of node (level, index).

        :raises Unreadable: ``log_tile`` if the tile is too short.
        """
        if level % HEIGHT:
            node = self._nodes.get((level, index))
            if node is None:
                node = node_hash(self(level - 1, 2 * index), self(level - 1, 2 * index + 1))
                self._nodes[level, index] = node
            return node
        place = (level // HEIGHT, index // WIDTH)
        tile = self._tiles.get(place)
        if tile is None:
            tile = self._tiles[place] = self._fetch(*place)
        start = index % WIDTH * HASH_SIZE
        if start + HASH_SIZE > len(tile):
            raise Unreadable("log_tile", level=place[0], index=place[1])
        return tile[start : start + HASH_SIZE]
