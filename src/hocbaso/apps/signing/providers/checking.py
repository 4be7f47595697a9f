"""What stands behind ``keys.toml``, ``trust.toml`` and ``HOCBASO_TSA``, tried one by one.

For ``hocbaso keys check``. Nothing is signed for anybody and no PIN is asked for: tokens are looked at
without one, remote services are asked which keys they have, each time-stamp authority stamps a random digest,
the node's own keys are opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.ports import KeyProvider, Trust, key_provider
from hocbaso.apps.signing.possession import family_of
from hocbaso.apps.signing.providers.keys_file import KeysFile, Place
from hocbaso.apps.signing.providers.tokens import TokenKeys
from hocbaso.apps.signing.providers.trust_store import FAMILIES, StoredTrust
from hocbaso.apps.signing.stamping.node import configured, failover
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.authority import holder_of
from hocbaso.engines.trust.longterm.answers import load_list
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken, list_tokens
from hocbaso.engines.trust.stampers import Named

OK, WARN, STOP = "ok", "warn", "stop"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at.

    :param part: ``provider``, ``root``, ``list``, ``stamp``, ``token``, ``node``, ``seal`` or ``service``.
    :param state: ``ok``, ``warn`` (works, but look at it) or ``stop`` (something cannot be done).
    """

    part: str
    name: str
    state: str
    words: str


def look() -> list[Line]:
    """Everything, in the order in which an administrator sets it up."""
    provider = key_provider()
    lines = [Line("provider", settings.HOCBASO_KEY_PROVIDER.split(".providers.")[-1], OK, _environment())]
    lines += _roots(provider)
    others = provider.others if isinstance(provider, TokenKeys) else provider
    if isinstance(others, StoredTrust):
        lines += _lists(others)
    lines += _stamps(provider, brought=not isinstance(others, StoredTrust))
    if isinstance(provider, TokenKeys):
        lines += _tokens(provider.file)
        lines += _machines(provider)
        lines += _services(provider)
    return lines


def _environment() -> str:
    return f"môi trường {settings.HOCBASO_ENVIRONMENT}"


def _tried(part: str, name: str, work: Callable[[], str]) -> Line:
    """What ``work`` says, or why it could not."""
    try:
        return Line(part, name, OK, work())
    except DomainError as error:
        return Line(part, name, STOP, error.message)
    except ImproperlyConfigured as error:
        return Line(part, name, STOP, str(error))


# --- whom the node believes -----------------------------------------------------------------------------


def _roots(provider: KeyProvider) -> Iterator[Line]:
    anchors, own = provider.trust().anchors, settings.HOCBASO_ENVIRONMENT
    for anchor in anchors:
        words = f"hệ {anchor.family}, {anchor.environment}, đến {_until(anchor.certificate)}"
        if anchor.environment == own:
            yield Line("root", _name(anchor.certificate), OK, words)
        else:
            told = f"{words}; nút này là {own}, nên chữ ký dưới gốc này không dùng được"
            yield Line("root", _name(anchor.certificate), WARN, told)
    found = {anchor.family for anchor in anchors if anchor.environment == own}
    for family in FAMILIES:
        if family not in found:
            told = f"chưa tin gốc nào của hệ {family} ở môi trường {own}"
            yield Line("root", family, STOP if not found else WARN, told)


def _lists(store: StoredTrust) -> Iterator[Line]:
    """Revocation lists, asked for now where they are old."""
    silent = store.refresh_lists().silent
    kept = [load_list(der) for der in store.trust().crls]
    for issuer, url in store.store.issuers():
        crl = next((one for one in kept if one.issuer == issuer.subject), None)
        if not url:
            yield Line("list", _name(issuer), WARN, "trust.toml chưa ghi `crl`")
        elif crl is None:
            yield Line("list", _name(issuer), STOP, f"chưa tải được danh sách thu hồi từ {url}")
        else:
            end = crl.next_update_utc
            words = f"danh sách thu hồi dùng đến {_moment(end)}" if end else "danh sách thu hồi không ghi hạn"
            late = f"; lần này {url} không trả lời" if url in silent else ""
            yield Line("list", _name(issuer), WARN if late else OK, words + late)


def _stamps(provider: KeyProvider, *, brought: bool) -> Iterator[Line]:
    """Each authority by itself: failing over would hide that the first one is down.

    :param brought: the provider has authorities of its own where the node names none.
    """
    authorities, trust = configured(), provider.trust()
    if not authorities and not brought:
        yield Line("stamp", "HOCBASO_TSA", STOP, "chưa khai nơi cấp dấu thời gian nào: không phát hành được")
    for named in authorities:
        yield _tried("stamp", named.name, partial(_stamped, named, provider, trust))
    if len(authorities) == 1:
        yield Line("stamp", "HOCBASO_TSA", WARN, "chỉ có một nơi cấp: khi nơi này ngừng, học bạ phải chờ")


def _stamped(named: Named, provider: KeyProvider, trust: Trust) -> str:
    """:raises ServiceUnavailable: ``timestamp_unavailable``, with what was wrong."""
    stamper = failover(
        [named],
        anchors=[anchor.certificate for anchor in trust.anchors],
        intermediates=trust.intermediates,
        revocation=provider.revocation,
    )
    return f"đóng thử một dấu lúc {_moment(stamper.stamp_checked(secrets.token_bytes(32)).info.time)}"


# --- keys -----------------------------------------------------------------------------------------------


def _tokens(file: KeysFile) -> Iterator[Line]:
    """The tokens of people and seals, without a PIN: there or not, with a certificate that fits or not."""
    seen: dict[Path, list[FoundToken] | DomainError] = {}
    people = set(User.objects.filter(username__in=list(file.accounts)).values_list("username", flat=True))
    schools = set(Organisation.objects.filter(code__in=list(file.seals)).values_list("code", flat=True))
    places = [(f"tài khoản {name}", name in people, place) for name, place in file.accounts.items()]
    places += [(f"con dấu của trường {code}", code in schools, place) for code, place in file.seals.items()]
    for owner, known, place in places:
        if place.address.module not in seen:
            seen[place.address.module] = _listed(place.address.module, file.environment)
        state, words = _token(place, seen[place.address.module])
        if not known:
            state, words = (
                (WARN if state == OK else state),
                f"{words}; nút chưa có {owner.removeprefix('con dấu của ')}",
            )
        yield Line("token", owner, state, words)


def _listed(module: Path, environment: dict[str, str]) -> list[FoundToken] | DomainError:
    try:
        return list_tokens(module, environment=environment)
    except DomainError as error:
        return error


def _token(place: Place, found: list[FoundToken] | DomainError) -> tuple[str, str]:
    if isinstance(found, DomainError):
        return STOP, found.message
    address, name = place.address, place.address.name
    for token in found:
        if address.label in ("", token.label) and address.serial in ("", token.serial):
            if token.tries == "locked":
                return STOP, f"thiết bị {name} đã khóa vì nhập sai mã PIN"
            shown = [holder_of(one.certificate).name for one in token.certificates]
            words = f"có thiết bị {name}" + (f", chứng thư của {', '.join(shown)}" if shown else "")
            return (WARN, f"{words}; vừa có lần nhập sai mã PIN") if token.tries else (OK, words)
    return STOP, f"không thấy thiết bị {name}"


def _machines(provider: TokenKeys) -> Iterator[Line]:
    """What the node opens by itself: its own key, seals for renditions."""
    if provider.file.node is None:
        told = "chưa khai [node]: không có mã QR ký số, danh sách tình trạng, gói xác thực ngoại tuyến"
        own = isinstance(provider.others, StoredTrust)
        yield Line("node", "[node]", STOP if own else OK, told if own else "khóa của hộp cát")
    else:
        yield _tried("node", "[node]", lambda: _node_key(provider))
    for code, place in provider.file.seals.items():
        if place.pin_file is None:
            told = "không có `pin_file`: phát hành được, nhưng máy chủ không tự làm bản PDF"
            yield Line("seal", code, WARN, told)
        else:
            yield _tried("seal", code, partial(_seal_key, provider, code))


def _seal_key(provider: TokenKeys, code: str) -> str:
    return _words_of(provider, provider.renditions(code=code, name=code))


def _node_key(provider: TokenKeys) -> str:
    signer = provider.codes(name="")
    key = signer.certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DomainError("no_code_key")
    return _words_of(provider, signer)


def _words_of(provider: TokenKeys, signer: Signer) -> str:
    """:raises DomainError: ``certificate_not_trusted``"""
    family_of(provider, signer.certificate, clock.now())
    return f"mở được khóa của {holder_of(signer.certificate).name}, đến {_until(signer.certificate)}"


def _services(provider: TokenKeys) -> Iterator[Line]:
    for service in provider.services.values():
        yield _tried("service", service.name, partial(_asked, provider, service.id))


def _asked(provider: TokenKeys, service: str) -> str:
    with provider.remote(service) as client:
        return f"đăng nhập được, {len(client.credentials())} khóa"


def _name(certificate: x509.Certificate) -> str:
    return holder_of(certificate).name


def _until(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_after_utc.astimezone(clock.VIETNAM):%d/%m/%Y}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(clock.VIETNAM):%H:%M %d/%m/%Y}"
