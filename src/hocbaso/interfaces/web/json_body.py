"""What a script sent as JSON, before anybody trusts it."""

from __future__ import annotations

import json
from typing import Any


def read_json(body: bytes) -> Any:
    """The value that the bytes say.

    :raises ValueError: no JSON; deeper than anything that is sent here; text that no database stores (NUL,
        half of a character pair); a number without end.
    """
    try:
        value = json.loads(body, parse_constant=_endless)
    except RecursionError:
        raise ValueError("too deep") from None
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            one.encode()  # UnicodeEncodeError is a ValueError
            if "\0" in one:
                raise ValueError("NUL")
        elif isinstance(one, float) and one in (float("inf"), float("-inf")):
            raise ValueError("endless number")
        elif isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            todo += one
    return value


def _endless(name: str) -> Any:
    raise ValueError(name)
