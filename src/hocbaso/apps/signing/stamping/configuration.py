"""The node's own time-stamp authorities: ``HOCBASO_TSA`` (addresses in order of preference) and ``tsa.toml``.

The file in the node's home gives names, credentials and limits by address (docs/time-stamps.md). What is
secret in it goes to the authority alone; a file with secrets that others may read is refused.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from hocbaso.engines.trust.stampers import Named
from hocbaso.engines.trust.timestamps import Access, HttpTimeStamper

FILE = "tsa.toml"
_SECRETS = ("password", "bearer")
_TEXTS = {"url", "name", "user", *_SECRETS, "ca_file", "certificate_file", "key_file"}
_NUMBERS = {"timeout", "connect", "lanes"}
#: Seconds until an answer is there; questions at once.
_TIMEOUT, _CONNECT, _LANES = 10.0, 3.0, 8


def configured(addresses: Sequence[str], file: Path) -> tuple[Named, ...]:
    """The authorities in order of preference: of ``addresses``, or of the file where there are none.

    :raises ImproperlyConfigured: an address or the file cannot be right; never with a secret in it.
    """
    entries = _entries(file)
    chosen = addresses or tuple(entries)
    found = tuple(_authority(url, entries.get(url, {}), file) for url in chosen)
    if len({one.name for one in found}) != len(found):
        raise ImproperlyConfigured(f"{file}: two time-stamp authorities have the same name or address")
    return found


def _entries(file: Path) -> dict[str, dict[str, Any]]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {type(error).__name__}") from None
    except ValueError:  # its message might quote the line
        raise ImproperlyConfigured(f"{file} is not TOML") from None
    listed = values.get("authority")
    if set(values) != {"authority"} or not isinstance(listed, list):
        raise ImproperlyConfigured(f"{file}: only [[authority]] tables are known")
    entries: dict[str, dict[str, Any]] = {}
    for entry in listed:
        _check(entry, file)
        entries[entry["url"]] = entry
    if len(entries) != len(listed):
        raise ImproperlyConfigured(f"{file}: an address stands twice")
    secret = any(entry.get(name) for entry in listed for name in _SECRETS)
    if secret and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise ImproperlyConfigured(f"{file} holds secrets and must be readable for its owner alone (0600)")
    return entries


def _check(entry: Any, file: Path) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise ImproperlyConfigured(f"{file}: every [[authority]] needs its `url`")
    strange = set(entry) - _TEXTS - _NUMBERS
    if strange:
        raise ImproperlyConfigured(f"{file}: unknown: {', '.join(sorted(strange))}")
    for name, value in entry.items():
        right = isinstance(value, str) if name in _TEXTS else _is_number(value)
        if not right:
            raise ImproperlyConfigured(f"{file}: `{name}` of {entry['url']} cannot be right")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 120


def _authority(url: str, entry: Mapping[str, Any], file: Path) -> Named:
    parts = urlsplit(url)
    timeout, connect = float(entry.get("timeout", _TIMEOUT)), float(entry.get("connect", _CONNECT))
    access = Access(
        user=entry.get("user", ""),
        password=entry.get("password", ""),
        bearer=entry.get("bearer", ""),
        ca_file=_path(entry, "ca_file", file),
        certificate_file=_path(entry, "certificate_file", file),
        key_file=_path(entry, "key_file", file),
    )
    try:
        client = HttpTimeStamper(url, timeout=timeout, connect=connect, access=access)
    except (ValueError, OSError) as error:
        raise ImproperlyConfigured(f"time-stamp authority {parts.hostname}: {error}") from None
    name = entry.get("name") or f"{parts.netloc}{parts.path}".rstrip("/")
    return Named(name[:80], client, lanes=int(entry.get("lanes", _LANES)), patience=timeout + connect + 1)


def _path(entry: Mapping[str, Any], name: str, file: Path) -> Path | None:
    """A file beside the configuration, or an absolute one."""
    text = str(entry.get(name, ""))
    if not text:
        return None
    path = file.parent / text
    if not path.is_file():
        raise ImproperlyConfigured(f"{file}: `{name}` names no file")
    return path
