"""A school whose node offers the local agent, and a token in software that stands for the USB stick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.test import override_settings

from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.authority import register_seats
from hocbaso.apps.signing.elsewhere.models import KeyPlace, Place
from hocbaso.apps.signing.elsewhere.places import Owner, offers
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.possession import places_of
from hocbaso.apps.signing.providers.tokens import FILE
from hocbaso.apps.signing.register import store
from hocbaso.sandbox.ca import StoredCredential
from hocbaso.sandbox.profiles import KeyKind
from hocbaso.sandbox.wiring import provider as sandbox_provider
from tests.builders import School

PROVIDER = "hocbaso.apps.signing.providers.tokens.provider"


@contextmanager
def offering_the_agent(home: Path) -> Iterator[None]:
    """Keys of the sandbox at the node, and the agent beside them."""
    file = home / FILE
    file.write_text('others = "hocbaso.sandbox.wiring.provider"\nsoftware = true\nagent = true\n', "utf-8")
    key_provider.cache_clear()
    try:
        with override_settings(HOCBASO_KEY_PROVIDER=PROVIDER):
            yield
    finally:
        file.unlink()
        key_provider.cache_clear()


def credential_of(user: User, school: Organisation, kind: KeyKind = "p256") -> StoredCredential:
    """What an authority of the sandbox issues to somebody for his stick."""
    authority = sandbox_provider().authority
    return authority.issue_person(user.full_name, user.username, school.name, key_kind=kind)


def seal_of(school: Organisation) -> StoredCredential:
    """What an authority of the sandbox issues to a school for the stick of its seal."""
    return sandbox_provider().authority.issue_organisation(school.code, school.name, key_kind="p256")


def registered_for(school: School, user: User | None, credential: StoredCredential) -> None:
    """The certificate stands in the authority register for the seats of today; no user: the seal's."""
    actor, places = school.actor(Role.PRINCIPAL), places_of(school.unit, user)
    with transaction.atomic():
        register_seats(actor, school.unit, user, store(credential.certificate), places, 0)


def at_the_agent(user: User | None, seal: Organisation | None = None) -> None:
    """The person has chosen that the key is in the PC, where the node offers that."""
    offer = next((one for one in offers(Owner(user, seal, "")) if one.place is Place.AGENT), None)
    if offer is not None:
        KeyPlace.objects.create(
            user=user, seal=seal, place=offer.place, chosen_by="test", chosen_at=clock.now()
        )
