"""Text from a stranger, as a screen, a terminal or a page may show it."""

from __future__ import annotations

_MARK = "\ufffd"


def shown(text: str, longest: int | None = None) -> str:
    """``text`` on one line, everything invisible as U+FFFD: control characters would steer a terminal,
    marks of writing direction would make a sentence read as its opposite.

    :param longest: cut behind so many characters, with an ellipsis.
    """
    kept = text if longest is None or len(text) <= longest else text[:longest] + "…"
    return kept if kept.isprintable() else "".join(c if c.isprintable() else _MARK for c in kept)
