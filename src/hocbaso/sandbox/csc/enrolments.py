"""Who has a key at the sandbox's remote service, kept in its folder so that a restart forgets nobody.

Keys are made when somebody first asks for them: a demo has hundreds of people and a handful of visitors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from hocbaso.sandbox.ca import SandboxAuthority, StoredCredential
from hocbaso.sandbox.vault import Vault

_FILE = "csc/people.json"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person, or a school whose seal is kept there."""

    number: str  # what the certificate names: personal number, account, the school's code
    name: str
    organisation: str
    pin: str = field(repr=False)
    seal: bool = False


def keep(vault: Vault, people: Iterable[Enrolment]) -> None:
    """Add people; who is there already is written anew."""
    with vault.locked():
        known = {one.number: one for one in kept(vault)} | {one.number: one for one in people}
        rows = [asdict(one) for one in known.values()]
        vault.write(_FILE, json.dumps(rows, ensure_ascii=False).encode())


def kept(vault: Vault) -> list[Enrolment]:
    """Everybody who is enrolled."""
    return [Enrolment(**row) for row in json.loads(vault.read(_FILE) or b"[]")]


def credential_of(authority: SandboxAuthority, one: Enrolment) -> StoredCredential:
    """The key at the service, the same one every time."""
    if one.seal:
        return authority.issue_organisation(one.number, one.name, key_kind="p256")
    return authority.issue_person(one.name, one.number, one.organisation, key_kind="p256")


def remember(vault: Vault, credential: str, number: str) -> None:
    """Whose a credential is, for the service after a restart."""
    if not vault.exists(f"csc/{credential}.id"):
        vault.write(f"csc/{credential}.id", number.encode())


def number_of(vault: Vault, credential: str) -> str:
    """Whose a credential is; empty: nobody's that was kept."""
    return (vault.read(f"csc/{credential}.id") or b"").decode() if credential.isalnum() else ""
