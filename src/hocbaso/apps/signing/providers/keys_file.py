"""``keys.toml`` of a node: which keys are on tokens, which remote services there are, whether the local agent
is offered. It holds no PIN and no secret: an entry that does is refused (docs/keys.md). The node's own key
and a seal in the server room may name a file of the server that holds their PIN; a person's key never."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from hocbaso.engines.trust.providers.csc_model import CscSettings
from hocbaso.engines.trust.providers.pkcs11 import TokenAddress
from hocbaso.engines.trust.providers.token_choice import KeyChoice

_TOP = {"module", "others", "environment", "accounts", "seals", "node", "remote", "agent", "software"}
_PLACE = {"module", "token", "serial", "id", "label", "holder"}
_PIN = "pin_file"  # of machines only
_REMOTE = {"name", "url", "auth", "user", "token_url", "secret_file", "secret_env", "batch", "ca_file"}
_AUTH = ("oauth2", "basic", "none")
_MOST_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Where one signer's key on a token is."""

    address: TokenAddress
    choice: KeyChoice
    pin_file: Path | None = None  # the node opens it by itself: its own key, a seal in the server room

    def pin(self) -> str:
        """The PIN of a machine's key, read when it is needed and kept nowhere.

        :raises ImproperlyConfigured: the file is missing, or open to others.
        """
        assert self.pin_file is not None
        return secret_file(self.pin_file, self.address.name, _PIN)


@dataclass(frozen=True, slots=True)
class RemoteService:
    """A remote signing service and this node's account there."""

    id: str  # as in the file
    name: str  # as people call it
    settings: CscSettings = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeysFile:
    """What the file says."""

    others: str  # name of the provider of time stamps, revocation answers and trusted roots
    environment: dict[str, str]  # for the vendor's driver
    accounts: dict[str, Place]
    seals: dict[str, Place]
    node: Place | None  # the node's own key: QR codes, status lists
    services: dict[str, RemoteService]
    agent: bool
    software: bool  # keys of ``others`` sign, too (sandbox)


def read_keys_file(file: Path) -> KeysFile:
    """:raises ImproperlyConfigured: the file is missing, wrong, or a secret's file is open to others."""
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {type(error).__name__} (docs/keys.md)") from None
    except ValueError as error:
        raise ImproperlyConfigured(f"{file}: {error}") from None
    strange = set(values) - _TOP
    if strange:
        raise ImproperlyConfigured(f"{file}: unknown: {', '.join(sorted(strange))}")
    if not isinstance(values.get("others"), str) or not isinstance(values.get("environment", {}), dict):
        raise ImproperlyConfigured(f"{file}: `others` must name a key provider, `environment` be a table")
    if not all(isinstance(values.get(name, False), bool) for name in ("agent", "software")):
        raise ImproperlyConfigured(f"{file}: `agent` and `software` are true or false")
    tables = ("accounts", "seals", "node", "remote")
    if not all(isinstance(values.get(name, {}), dict) for name in tables):
        raise ImproperlyConfigured(f"{file}: {', '.join(tables)} are tables")
    accounts, node = _places(values, "accounts", file), _node(values, file)
    seals = _places(values, "seals", file, machine=True)
    for place in (*seals.values(), *([node] if node else [])):
        if place.pin_file and any(_same(place.address, one.address) for one in accounts.values()):
            raise ImproperlyConfigured(
                f"{file}: the PIN of token {place.address.name} opens a person's key too and may stand in no "
                "file: machines want a token of their own"
            )
    return KeysFile(
        others=values["others"],
        environment=values.get("environment", {}),
        accounts=accounts,
        seals=seals,
        node=node,
        services=_services(values, file),
        agent=values.get("agent", False),
        software=values.get("software", False),
    )


def _same(one: TokenAddress, other: TokenAddress) -> bool:
    """Whether two entries may name one token."""
    if one.module != other.module:
        return False
    if one.serial and other.serial:
        return one.serial == other.serial
    return not (one.label and other.label) or one.label == other.label


def _places(values: dict[str, Any], table: str, file: Path, *, machine: bool = False) -> dict[str, Place]:
    known = _PLACE | {_PIN} if machine else _PLACE
    entries = values.get(table, {}).items()
    return {
        str(owner): _place(values, entry, f"{file}: [{table}.{owner}]", known) for owner, entry in entries
    }


def _node(values: dict[str, Any], file: Path) -> Place | None:
    entry = values.get("node")
    if not entry:
        return None
    found = _place(values, entry, f"{file}: [node]", _PLACE | {_PIN})
    if found.pin_file is None:
        raise ImproperlyConfigured(f"{file}: [node] wants `pin_file`: nobody sits beside the server")
    return found


def _place(values: dict[str, Any], entry: Any, where: str, known: set[str]) -> Place:
    texts = isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values())
    if not texts or not set(entry) <= known or not (entry.get("token") or entry.get("serial")):
        names = ", ".join(sorted(known))
        raise ImproperlyConfigured(f"{where} wants `token` or `serial`; known are {names}; never a PIN")
    module = entry.get("module", values.get("module", ""))
    if not module or not Path(module).is_absolute():
        raise ImproperlyConfigured(f"{where} wants the absolute path of a `module`")
    address = TokenAddress(Path(module), entry.get("token", ""), entry.get("serial", ""))
    choice = KeyChoice(entry.get("id", ""), entry.get("label", ""), entry.get("holder", ""))
    pin_file = Path(entry[_PIN]) if entry.get(_PIN) else None
    if pin_file is not None:
        secret_file(pin_file, where, _PIN)  # what cannot be read stops the start, not the first code
    return Place(address, choice, pin_file)


def _services(values: dict[str, Any], file: Path) -> dict[str, RemoteService]:
    found = {}
    for name, entry in values.get("remote", {}).items():
        where = f"{file}: [remote.{name}]"
        if not isinstance(entry, dict) or not set(entry) <= _REMOTE:
            known = ", ".join(sorted(_REMOTE))
            raise ImproperlyConfigured(f"{where} knows {known}; never a secret itself, a PIN or an OTP")
        texts = {key: value for key, value in entry.items() if key != "batch"}
        batch = entry.get("batch", 50)
        if not all(isinstance(value, str) for value in texts.values()) or not isinstance(batch, int):
            raise ImproperlyConfigured(f"{where}: `batch` is a number, everything else a text")
        if not entry.get("url") or entry.get("auth", "oauth2") not in _AUTH or not 1 <= batch <= 1000:
            raise ImproperlyConfigured(
                f"{where} wants `url`, `auth` of {', '.join(_AUTH)}, `batch` 1 to 1000"
            )
        settings = CscSettings(
            url=entry["url"],
            auth=entry.get("auth", "oauth2"),
            user=entry.get("user", ""),
            secret=_secret(entry, where),
            token_url=entry.get("token_url", ""),
            batch=batch,
            ca_file=Path(entry["ca_file"]) if entry.get("ca_file") else None,
        )
        found[str(name)] = RemoteService(str(name), entry.get("name") or str(name), settings)
    return found


def _secret(entry: dict[str, str], where: str) -> str:
    """The service account's secret, from a file that nobody else may read or from the environment."""
    if entry.get("auth", "oauth2") == "none":
        return ""
    if entry.get("secret_env"):
        secret = os.environ.get(entry["secret_env"], "")
    elif entry.get("secret_file"):
        secret = secret_file(Path(entry["secret_file"]), where)
    else:
        raise ImproperlyConfigured(f"{where} wants `secret_file` or `secret_env`")
    if not secret:
        raise ImproperlyConfigured(f"{where}: the secret is empty")
    return secret


def secret_file(file: Path, where: str, name: str = "secret_file") -> str:
    """The one line of a file that only the server may read.

    :raises ImproperlyConfigured: missing, open to others, empty, too long; never with what it holds.
    """
    try:
        with file.open("rb") as opened:  # what is checked is what is read
            facts = os.fstat(opened.fileno())
            content = opened.read(_MOST_OCTETS + 1)
    except OSError as error:
        raise ImproperlyConfigured(f"{where}: {name} cannot be read: {type(error).__name__}") from None
    if not file.is_absolute() or not stat.S_ISREG(facts.st_mode):
        raise ImproperlyConfigured(f"{where}: {name} must be the absolute path of a plain file")
    if facts.st_mode & 0o077 or facts.st_uid not in (0, os.geteuid()):
        raise ImproperlyConfigured(
            f"{where}: {name} must be the server's own and closed to others (chmod 600)"
        )
    try:
        text = content.decode().strip()
    except ValueError:
        text = ""
    if len(content) > _MOST_OCTETS or "\n" in text:
        raise ImproperlyConfigured(f"{where}: {name} holds one line of at most {_MOST_OCTETS} octets")
    if not text:
        raise ImproperlyConfigured(f"{where}: the secret is empty")
    return text
