"""The part of JSON Schema (draft 2020-12) that our published schemas use; anything else in a schema fails."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_NOTES = {"$schema", "$id", "$defs", "title", "description"}


def faults(
    value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "$"
) -> list[str]:
    """Where ``value`` does not follow ``schema``; empty: it does."""
    root = root or schema
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword == "$ref":
            found += faults(value, _resolve(root, wanted), root, at)
        elif keyword == "anyOf":
            if all(faults(value, option, root, at) for option in wanted):
                found.append(f"{at}: none of the options")
        elif keyword == "type":
            if not isinstance(value, _TYPES[wanted]) or (wanted == "integer" and isinstance(value, bool)):
                return [f"{at}: not {wanted}"]
        elif keyword == "enum":
            found += [] if value in wanted else [f"{at}: {value!r} not listed"]
        elif keyword == "const":
            found += [] if value == wanted else [f"{at}: {value!r} is not {wanted!r}"]
        elif keyword == "pattern":
            found += [] if re.search(wanted, str(value)) else [f"{at}: {value!r} against {wanted}"]
        elif keyword == "minimum":
            found += [] if value >= wanted else [f"{at}: below {wanted}"]
        elif keyword == "required":
            found += [f"{at}.{name}: missing" for name in wanted if name not in value]
        elif keyword == "properties":
            found += [
                f for k, s in wanted.items() if k in value for f in faults(value[k], s, root, f"{at}.{k}")
            ]
        elif keyword == "additionalProperties":
            assert wanted is False
            found += [f"{at}.{name}: unknown" for name in value if name not in schema["properties"]]
        elif keyword == "items":
            found += [f for n, v in enumerate(value) for f in faults(v, wanted, root, f"{at}[{n}]")]
        elif keyword not in _NOTES:
            found.append(f"{at}: the checker does not know {keyword}")
    return found


def _resolve(root: dict[str, Any], pointer: str) -> dict[str, Any]:
    assert pointer.startswith("#/")
    node: Any = root
    for step in pointer[2:].split("/"):
        node = node[step]
    assert isinstance(node, dict)
    return node
