"""The teacher's own PC as the place of the key: pairing, lists to sign there, values that come back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import Possession, ProofState
from hocbaso.apps.signing.elsewhere.models import HandedOut, Place
from hocbaso.apps.signing.elsewhere.places import Held, Owner, choose, offers, registered_certificates
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.register import digest_of, serial_text
from hocbaso.apps.transcripts.use_cases.sign_at_place import place_for
from hocbaso.apps.transcripts.use_cases.sign_elsewhere import PreparedList, begin, complete
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotFound, Unreadable
from hocbaso.engines.trust.xades.signing import xml_time
from hocbaso.interfaces.web import agent_link, signing_desk
from hocbaso.interfaces.web.agent_link import reaches_agent
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.signing import own_batch, receipt_url

#: Octets of a certificate, of a value; certificates and values of one request.
_CERTIFICATE, _VALUE = 16 * 1024, 1024
_MOST_CERTIFICATES, _MOST_VALUES = 20, 100
View = Callable[..., HttpResponse]


def answers_json(view: Callable[..., dict[str, Any]]) -> View:
    """For whoever holds a key at a school; a refusal is ``{"code", "message"}`` with its status."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            policy(request, "certificates.prove", school_of(request))
            return JsonResponse(view(request, *args, **kwargs))
        except DomainError as error:
            return JsonResponse({"code": error.code, "message": words(error)}, status=status_of(error))

    return answered


@require_actor
@require_safe
@reaches_agent
def page(request: HttpRequest) -> HttpResponse:
    """``/truong/thiet-bi-ky/``: how to start the agent, is it there, what is plugged in, register from it."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "certificates.prove", school)
    holder = _holder(actor)
    places = possession.places_of(school, holder)
    context = {
        "school": school,
        "may_register": bool(places),
        "known": _known(actor, holder),
    }
    return render(request, "web/agent/page.html", context)


def _holder(actor: Actor) -> User | None:
    """Whose certificate is brought: the acting person's own; the seal keeper's post brings the seal's."""
    return None if actor.role == Role.SEAL_KEEPER else actor.user


def _known(actor: Actor, holder: User | None) -> list[str]:
    """Digests of the holder's registered certificates."""
    assert actor.assignment is not None
    seal = actor.assignment.organisation if holder is None else None
    return [row.digest for row in registered_certificates(Owner(holder, seal, ""))]


# --- pairing --------------------------------------------------------------------------------------------


@require_actor
@require_safe
@answers_json
def state(request: HttpRequest) -> dict[str, Any]:
    """Whether this session is paired, and what its pages carry to the agent."""
    link = agent_link.link_of(request, actor_of(request))
    return {"token": link.keys.page_token() if link else "", "account": link.who if link else ""}


@require_actor
@require_POST
@answers_json
def pair(request: HttpRequest) -> dict[str, Any]:
    """Begin a pairing."""
    return agent_link.begin(request, actor_of(request))


@require_actor
@require_POST
@answers_json
def code(request: HttpRequest) -> dict[str, Any]:
    """The code that the person read in the agent's window, as a proof for the agent."""
    attempt, key, typed = agent_link.fields(request, "attempt", "key", "code")
    return {"proof": agent_link.prove(request, actor_of(request), attempt, key, typed)}


@require_actor
@require_POST
@answers_json
def paired(request: HttpRequest) -> dict[str, Any]:
    """The agent's own proof: the pairing stands."""
    pairing, proof = agent_link.fields(request, "pairing", "proof")
    link = agent_link.finish(request, actor_of(request), pairing, proof)
    return {"token": link.keys.page_token(), "account": link.who}


@require_actor
@require_POST
@answers_json
def leave(request: HttpRequest) -> dict[str, Any]:
    """The session gives the pairing up."""
    agent_link.leave(request)
    return {}


# --- signing --------------------------------------------------------------------------------------------


@require_actor
@require_POST
@answers_json
def hand_out(request: HttpRequest) -> dict[str, Any]:
    """What is left of an authorised batch, sealed for the paired agent.

    The certificate must be on the token that the agent sees, and in the authority register.
    """
    batch_id, ders = agent_link.fields(request, "batch", "certificates")
    actor, batch = own_batch(request, agent_link.number(batch_id))
    if not signing_desk.granted(request, batch):
        raise DomainError("batch_needs_code")
    link = agent_link.require_link(request, actor)
    certificate, others = _chosen(actor, batch, _certificates(ders))
    prepared = begin(actor, batch, certificate=certificate, chain=others)
    signing_desk.grant(request, batch)
    return {
        **link.sealed(_list_message(prepared, batch)),
        "list": prepared.id,
        "total": len(prepared.items),
        "digest": prepared.list_digest,
        "receipt": receipt_url(batch),
    }


@require_actor
@require_POST
@answers_json
def take(request: HttpRequest) -> dict[str, Any]:
    """Values that the agent gave; each is checked against certificate, digest and authority."""
    list_id, values = agent_link.fields(request, "list", "values")
    outcome = complete(actor_of(request), agent_link.number(list_id), _values(values))
    refused = [{"code": one.reason_code, "message": one.reason} for one in outcome.failed]
    return {"signed": outcome.signed, "waiting": outcome.waiting, "refused": refused}


def _chosen(
    actor: Actor, batch: SigningBatch, shown: list[x509.Certificate]
) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """Of the certificates on the token the one that signs, and the others (its issuers are among them).

    :raises DomainError: ``key_place_not_offered``, ``elsewhere_unregistered``.
    """
    held = place_for(actor, batch)
    offer = next((one for one in offers(held.owner) if one.place is Place.AGENT), None)
    if offer is None:
        raise DomainError("key_place_not_offered")
    by_digest = {digest_of(one): one for one in shown}
    certificate = by_digest.get(_wanted(held, list(by_digest)))
    if certificate is None:
        first = next(iter(by_digest.values()), held.certificate)
        raise DomainError("elsewhere_unregistered", serial=serial_text(first) if first else "-")
    if held.place is Place.AGENT and held.certificate != certificate:
        choose(actor, held.owner, offer, certificate=certificate)
    return certificate, [one for one in shown if one != certificate]


def _wanted(held: Held, present: list[str]) -> str:
    """The chosen certificate where it is plugged in, else a registered one of the same owner.

    A renewed stick holds the old certificate too: one that is registered no more gives way to one that is.
    """
    registered = [row.digest for row in registered_certificates(held.owner)]
    usable = next((digest for digest in registered if digest in present), "")
    if held.place is Place.AGENT and held.certificate is not None:
        chosen = digest_of(held.certificate)
        if chosen in present and (chosen in registered or not usable):
            return chosen
    return usable


def _certificates(ders: Any) -> list[x509.Certificate]:
    if not isinstance(ders, list) or not 1 <= len(ders) <= _MOST_CERTIFICATES:
        raise Unreadable("agent_link_body")
    try:
        return [x509.load_der_x509_certificate(agent_link.octets(der, _CERTIFICATE)) for der in ders]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Unreadable("agent_link_body") from None


def _values(values: Any) -> dict[int, bytes]:
    if not isinstance(values, list) or not 1 <= len(values) <= _MOST_VALUES:
        raise Unreadable("agent_link_body")
    found: dict[int, bytes] = {}
    for pair_ in values:
        if not isinstance(pair_, list) or len(pair_) != 2 or type(pair_[0]) is not int or pair_[0] in found:
            raise Unreadable("agent_link_body")
        found[pair_[0]] = agent_link.octets(pair_[1], _VALUE)
    return found


def _list_message(prepared: PreparedList, batch: SigningBatch) -> dict[str, Any]:
    row = HandedOut.objects.get(pk=prepared.id)
    role = SignerRole(batch.role)
    title = signing_desk.words_of(role, batch.school_class).title
    return {
        "type": "list",
        "role": str(role),
        "at": xml_time(row.signing_time),
        "certificates": agent_link.certificates_text(prepared.certificate, prepared.chain),
        "title": f"{title}, {_('năm học')} {batch.school_class.school_year}" if batch.school_class else title,
        "school": batch.school.name,
        "digest": prepared.list_digest,
        "items": [
            {
                "id": item.id,
                "name": item.pupil,
                "class": item.class_name,
                "result": item.result,
                "sheet": item.sheet_digest,
                "info": base64.b64encode(item.signed_info).decode(),
            }
            for item in prepared.items
        ],
    }


# --- registering a certificate --------------------------------------------------------------------------


@require_actor
@require_POST
@answers_json
def prove(request: HttpRequest) -> dict[str, Any]:
    """Begin the registration of a certificate that the agent sees: its challenge, sealed for the agent."""
    actor, school = actor_of(request), school_of(request)
    (der,) = agent_link.fields(request, "certificate")
    link = agent_link.require_link(request, actor)
    [certificate] = _certificates([der])
    case = possession.begin(actor, school, _holder(actor), certificate)
    message = {
        "type": "challenge",
        "title": _("Đăng ký chứng thư số"),
        "school": school.name,
        "certificates": agent_link.certificates_text(certificate, ()),
        "text": case.challenge,
    }
    return {**link.sealed(message), "case": case.pk}


@require_actor
@require_POST
@answers_json
def proof(request: HttpRequest) -> dict[str, Any]:
    """The signature of the challenge."""
    actor = actor_of(request)
    case_id, value = agent_link.fields(request, "case", "value")
    case = Possession.objects.filter(pk=agent_link.number(case_id), started_by=actor.user).first()
    if case is None:
        raise NotFound("no_such_proof")
    done = possession.answer(actor, case, agent_link.octets(value, _VALUE))
    text = (
        _("Đã đăng ký chứng thư số.")
        if done.state == ProofState.REGISTERED
        else _("Đã chứng minh giữ khóa. Người thứ hai xác nhận nữa là đăng ký xong.")
    )
    return {"text": text, "next": reverse("web:certificate-proof", args=[case.pk])}
