"""Where somebody's key is: what the node offers, what the person chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.signing.elsewhere.absent import AbsentKey, absent_key
from hocbaso.apps.signing.elsewhere.models import KeyPlace, Place
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import Seat, digest_of, store
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import holder_of
from hocbaso.engines.trust.providers.csc import CscClient
from hocbaso.engines.trust.providers.csc_model import Credential
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner

register(
    {
        "key_place_not_offered": (
            "Nút này không có cách giữ khóa ký đó cho thầy cô. Thầy cô chọn một trong các cách dưới đây.",
            "This node does not offer that place.",
        ),
        "key_place_unset": (
            "Thầy cô chưa chọn nơi giữ khóa ký, hoặc chưa chọn chứng thư số. Thầy cô chọn ở trang Nơi giữ "
            "khóa ký rồi ký.",
            "No place of the key, or no certificate, was chosen.",
        ),
        "remote_key_absent": (
            "{service} chưa có chứng thư số nào mang số định danh của thầy cô. Thầy cô hỏi nơi cấp chứng "
            "thư số, rồi thử lại.",
            "The remote service has no credential that names this person.",
        ),
        "remote_key_changed": (
            "Chứng thư số ở dịch vụ ký số từ xa không còn là chứng thư số thầy cô đã chọn. Thầy cô chọn lại "
            "ở trang Nơi giữ khóa ký.",
            "The remote credential has another certificate than the one chosen.",
        ),
    }
)

#: So many credentials of a service are looked at for one person.
_MOST_CREDENTIALS = 20
_LONGEST_NAME = 120  # of a credential: what the column holds


class KeysElsewhere(Protocol):
    """What a provider may know besides its own keys (``providers.tokens.TokenKeys``)."""

    software: bool
    agent: bool
    services: Mapping[str, Any]

    def token_name(self, *, account: str = "", seal: str = "") -> str: ...
    def open_session(self, pin: str, *, account: str = "", seal: str = "") -> TokenSigner: ...
    def remote(self, service: str) -> CscClient: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key: a person's, or the seal of a school."""

    user: User | None
    seal: Organisation | None
    number: str  # what the certificate must name

    @classmethod
    def of(cls, seat: Seat) -> Owner:
        """Whose key signs from a seat."""
        return cls(seat.user, seat.school if seat.user is None else None, seat.owner)

    @property
    def address(self) -> dict[str, str]:
        """As a provider asks for it."""
        if self.seal is not None:
            return {"seal": self.seal.code}
        assert self.user is not None
        return {"account": self.user.username}


@dataclass(frozen=True, slots=True)
class Held:
    """Where a key is, and what is known of it before anything is signed."""

    owner: Owner
    place: Place | None  # None: nothing fits yet
    service: str = ""
    credential: str = ""
    certificate: x509.Certificate | None = None
    chosen: bool = False  # by the person; otherwise it is what the node has for him

    def signer(self) -> AbsentKey:
        """Certificate and chain of a key that is elsewhere. :raises DomainError: ``key_place_unset``"""
        if self.certificate is None:
            raise DomainError("key_place_unset")
        return absent_key(self.certificate)


@dataclass(frozen=True, slots=True)
class Offer:
    """One place that the node offers to an owner."""

    place: Place
    service: str = ""
    name: str = ""  # of the token or the service

    @property
    def value(self) -> str:
        """How a form names it."""
        return f"{self.place}:{self.service}" if self.service else str(self.place)


def _elsewhere() -> KeysElsewhere | None:
    """The provider, when it knows of keys elsewhere."""
    found = key_provider()
    return cast(KeysElsewhere, found) if hasattr(found, "token_name") else None


def has_places() -> bool:
    """Whether the node knows of keys elsewhere. No query."""
    return _elsewhere() is not None or bool(getattr(key_provider(), "agent", False))


def offers(owner: Owner) -> list[Offer]:
    """What the node has for an owner; the first is meant when nothing was chosen. No query."""
    keys = _elsewhere()
    if keys is None:  # a provider that signs by itself: the sandbox
        own = [Offer(Place.NODE)]
        return [*own, Offer(Place.AGENT)] if getattr(key_provider(), "agent", False) else own
    found = []
    if name := keys.token_name(**owner.address):
        found.append(Offer(Place.TOKEN, name=name))
    elif keys.software and settings.HOCBASO_ENVIRONMENT == "thu_nghiem":
        found.append(Offer(Place.NODE))
    found += [Offer(Place.REMOTE, one.id, one.name) for one in keys.services.values()]
    if keys.agent:
        found.append(Offer(Place.AGENT))
    return found


def held_by(owner: Owner) -> Held:
    """Where the owner's key is now. One query; none where the node has its own keys alone."""
    offered = offers(owner)
    if [offer.place for offer in offered] == [Place.NODE]:
        return Held(owner, Place.NODE)
    rows = KeyPlace.objects.filter(user=owner.user, seal=owner.seal).select_related("certificate")
    row = rows.order_by("-pk").first()
    if row is not None and any((o.place, o.service) == (row.place, row.service) for o in offered):
        found = row.certificate
        certificate = x509.load_der_x509_certificate(bytes(found.der)) if found else None
        return Held(owner, Place(row.place), row.service, row.credential, certificate, chosen=True)
    plain = [offer for offer in offered if offer.place in (Place.NODE, Place.TOKEN)]
    return Held(owner, plain[0].place if plain else None)


def offer_of(held: Held) -> Offer | None:
    """The offer behind a choice."""
    return next((o for o in offers(held.owner) if (o.place, o.service) == (held.place, held.service)), None)


@sensitive_variables("pin")
def open_token_session(owner: Owner, pin: str) -> TokenSigner:
    """:raises DomainError: ``key_place_not_offered``, ``token_pin_wrong``, ``token_absent``, …"""
    keys = _elsewhere()
    if keys is None:
        raise DomainError("key_place_not_offered")
    return keys.open_session(pin, **owner.address)


def open_remote(service: str) -> CscClient:
    """A client of a remote service, to be closed. :raises DomainError: ``key_place_not_offered``"""
    keys = _elsewhere()
    if keys is None:
        raise DomainError("key_place_not_offered")
    return keys.remote(service)


def own_credential(client: CscClient, held: Held) -> Credential:
    """The chosen credential, with the very certificate that was chosen.

    :raises DomainError: ``key_place_unset``, ``remote_key_changed``, ``csc_…``
    """
    if not held.credential or held.certificate is None:
        raise DomainError("key_place_unset")
    found = client.credential(held.credential)
    if digest_of(found.certificate) != digest_of(held.certificate):
        raise DomainError("remote_key_changed")
    return found


def own_credentials(owner: Owner, offer: Offer) -> list[Credential]:
    """The credentials at a service whose certificate names the owner; nobody else's are shown.

    :raises DomainError: ``remote_key_absent``, ``csc_…``
    """
    found = []
    with open_remote(offer.service) as client:
        named = [name for name in client.credentials(owner.number) if _storable(name)]
        for name in named[:_MOST_CREDENTIALS]:
            credential = client.credential(name)
            if holder_of(credential.certificate).number == owner.number:
                found.append(credential)
    if not found:
        raise DomainError("remote_key_absent", service=offer.name)
    return found


def _storable(name: str) -> bool:
    """Whether a service's name of a key can be kept: what comes from outside may be anything."""
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable()


def registered_certificates(owner: Owner) -> list[Certificate]:
    """Certificates of the owner that the authority register holds today, newest first. One query."""
    rows = Registration.objects.filter(valid_on(clock.today()), user=owner.user)
    if owner.seal is not None:
        rows = rows.filter(school=owner.seal)
    found = Certificate.objects.filter(pk__in=rows.values("certificate"), not_after__gt=clock.now())
    return list(found.order_by("-not_before"))


@transaction.atomic
def choose(
    actor: Actor,
    owner: Owner,
    offer: Offer,
    *,
    credential: str = "",
    certificate: x509.Certificate | None = None,
) -> Held:
    """Set down where the key is.

    :raises NotAllowed: policy ``signing.key_place``; :raises DomainError: ``key_place_not_offered``.
    """
    require(actor, "signing.key_place", owner)
    if offer not in offers(owner):
        raise DomainError("key_place_not_offered")
    row = store(certificate) if certificate is not None else None
    KeyPlace.objects.create(
        user=owner.user,
        seal=owner.seal,
        place=offer.place,
        service=offer.service,
        credential=credential,
        certificate=row,
        chosen_by=actor.label,
        chosen_at=clock.now(),
    )
    target = f"seal:{owner.seal.code}" if owner.seal else f"user:{owner.user.username if owner.user else ''}"
    record(
        actor,
        "signing.key_place_chosen",
        target,
        organisation=actor.organisation_code,
        place=offer.place,
        service=offer.service,
        certificate=row.digest if row else "",
    )
    return held_by(owner)
