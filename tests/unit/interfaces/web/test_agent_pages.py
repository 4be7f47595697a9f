"""The server's half of the local agent: pairing in the session, sealed lists, values, registration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.test import Client
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.signing.certificate_models import Possession, ProofState
from hocbaso.apps.signing.elsewhere.models import KeyPlace
from hocbaso.apps.signing.models import Registration, SigningBatch
from hocbaso.apps.signing.possession import confirm
from hocbaso.apps.signing.register import digest_of, store
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.agent.desk import Desk
from hocbaso.interfaces.web.middleware import POST_KEY
from tests.builders import School
from tests.unit.interfaces.agent.support import PIN, Clock, FakeKeyring, b64, finished
from tests.unit.interfaces.web.agent_school import (
    at_the_agent,
    credential_of,
    offering_the_agent,
    registered_for,
    seal_of,
)
from tests.unit.interfaces.web.sheets import JSON, closed_school, code_of, form_of, post_of, sign, text

pytestmark = pytest.mark.django_db

SITE = "http://testserver"


class Person:
    """A teacher with a stick, a page and an agent; the page carries what both sides say."""

    def __init__(
        self, school: School, inside: Any, *, registered: bool = True, role: Role = Role.HOMEROOM
    ) -> None:
        seal = role is Role.SEAL_KEEPER
        self.school, self.post = school, post_of(school, role, "3A" if role is Role.HOMEROOM else None)
        self.client: Client = inside(self.post)
        self.credential = seal_of(school.unit) if seal else credential_of(self.post.user, school.unit)
        holder = None if seal else self.post.user
        if registered:
            registered_for(school, holder, self.credential)
        at_the_agent(holder, school.unit if seal else None)
        self.ring = FakeKeyring(signer=self.credential.signer())
        self.desk = Desk((SITE,), self.ring, clock=Clock())
        self.token = ""

    def post_json(self, name: str, body: object) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(
            reverse(f"web:{name}"), json.dumps(body), content_type="application/json", headers=JSON
        )
        return answer.status_code, json.loads(answer.content)

    def did(self, name: str, body: object) -> dict[str, Any]:
        status, data = self.post_json(name, body)
        assert status == 200, data
        return data

    def refused(self, name: str, body: object) -> str:
        status, data = self.post_json(name, body)
        assert status >= 400
        return str(data["code"])

    def pair(self) -> None:
        asked = self.desk.ask_pairing(SITE, **self.did("agent-pair", {}))
        attempt = self.desk.pairings.attempt
        assert attempt is not None
        typed = f" {attempt.code[:3]} {attempt.code[3:]} "
        proof = self.did("agent-code", {**asked, "code": typed})["proof"]
        done = self.desk.finish_pairing(SITE, asked["attempt"], proof)
        self.token = self.did("agent-paired", done)["token"]
        assert self.desk.hello(SITE, self.token)["paired"]

    def authorised(self) -> int:
        """A batch of everything that waits, confirmed with the second factor at the desk."""
        url = {
            Role.HOMEROOM: reverse("web:signing-class", args=[self.school.classes["3A"].pk]),
            Role.PRINCIPAL: reverse("web:signing-principal"),
            Role.SEAL_KEEPER: reverse("web:issuing"),
        }[Role(self.post.role)]
        form = form_of(text(self.client.get(url)))
        self.client.post(url, {**form, "viec": "ky", "ma": code_of(self.post)})
        return int(SigningBatch.objects.latest("pk").pk)

    def handed_out(self, batch: int) -> dict[str, Any]:
        ders = [one["der"] for one in self.desk.certificates(SITE, self.token)["tokens"][0]["certificates"]]
        return self.did("agent-list", {"batch": batch, "certificates": ders})

    def values(self, sealed: dict[str, Any]) -> list[list[Any]]:
        """What the agent gives for a list, its person having typed the PIN."""
        job = self.desk.ask(SITE, self.token, sealed["text"], sealed["seal"])["job"]
        finished(self.desk)
        assert self.desk.give_pin(job, PIN)
        finished(self.desk)
        found: list[list[Any]] = self.desk.watch(SITE, self.token, job, 0, 0)["values"]
        return found


@pytest.fixture
def offered() -> Iterator[None]:
    with offering_the_agent(settings.HOCBASO_HOME):
        yield


@pytest.fixture
def person(offered: None, inside: Any) -> Person:
    return Person(closed_school(3), inside)


def test_a_class_is_signed_in_three_steps_with_the_key_in_the_teachers_pc(person: Person) -> None:
    person.pair()
    sealed = person.handed_out(person.authorised())
    shown = json.loads(sealed["text"])
    assert [item["result"] for item in shown["items"]] == ["Hoàn thành xuất sắc"] * 3
    assert "3A" in shown["title"]
    values = person.values(sealed)
    outcome = person.did("agent-values", {"list": sealed["list"], "values": values[:2]})
    assert outcome == {"signed": 2, "waiting": 1, "refused": []}
    outcome = person.did("agent-values", {"list": sealed["list"], "values": values[1:]})
    assert (outcome["signed"], outcome["waiting"]) == (1, 0)
    assert [one["code"] for one in outcome["refused"]] == ["elsewhere_replayed"]
    signatures = SheetSignature.objects.all()
    assert signatures.count() == 3
    assert {row.certificate_id for row in signatures} == {digest_of(person.credential.certificate)}


def test_principal_and_seal_sign_with_their_sticks_until_the_class_is_issued(
    offered: None, inside: Any
) -> None:
    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM)
    for role in (Role.PRINCIPAL, Role.SEAL_KEEPER):
        person = Person(school, inside, role=role)
        person.pair()
        sealed = person.handed_out(person.authorised())
        outcome = person.did("agent-values", {"list": sealed["list"], "values": person.values(sealed)})
        assert outcome == {"signed": 2, "waiting": 0, "refused": []}
    assert IssuedSheet.objects.count() == 2


def test_swapped_foreign_and_unasked_values_are_refused_by_name(person: Person) -> None:
    person.pair()
    sealed = person.handed_out(person.authorised())
    (a, one), (b, other), (c, _) = person.values(sealed)
    found = person.did("agent-values", {"list": sealed["list"], "values": [[a, other], [b, one]]})
    assert found["signed"] == 0
    assert {one["code"] for one in found["refused"]} == {"elsewhere_swapped"}
    found = person.did("agent-values", {"list": sealed["list"], "values": [[c, b64(bytes(64))]]})
    assert [one["code"] for one in found["refused"]] == ["elsewhere_foreign"]
    assert person.refused("agent-values", {"list": sealed["list"], "values": [[c + 9, one]]}) == (
        "elsewhere_unknown_item"
    )
    assert not SheetSignature.objects.exists()


def test_whoever_has_registered_nothing_is_told_before_the_second_factor(offered: None, inside: Any) -> None:
    person = Person(closed_school(1), inside, registered=False)
    url = reverse("web:signing-class", args=[person.post.school_class.pk])
    page = text(person.client.get(url))
    assert "Chưa có chứng thư số nào của" in page
    assert f'href="{reverse("web:certificate-own")}"' in page
    assert 'name="ma"' not in page
    registered_for(person.school, person.post.user, person.credential)
    page = text(person.client.get(url))
    assert "Chưa có chứng thư số nào của" not in page
    assert 'name="ma"' in page


def test_a_certificate_that_is_not_registered_gets_no_list(offered: None, inside: Any) -> None:
    person = Person(closed_school(1), inside, registered=False)
    person.pair()
    batch = person.authorised()
    ders = [one["der"] for one in person.desk.certificates(SITE, person.token)["tokens"][0]["certificates"]]
    assert person.refused("agent-list", {"batch": batch, "certificates": ders}) == "elsewhere_unregistered"


def test_a_renewed_stick_signs_with_the_certificate_that_is_registered_now(person: Person) -> None:
    old, new = person.credential, credential_of(person.post.user, person.school.unit, "rsa2048")
    yesterday = clock.today() - timedelta(days=1)
    Registration.objects.update(valid_from=yesterday, valid_to=yesterday)
    KeyPlace.objects.create(
        user=person.post.user,
        place="agent",
        certificate=store(old.certificate),
        chosen_by="test",
        chosen_at=clock.now(),
    )
    person.pair()
    batch = person.authorised()
    ders = [b64(one.certificate.public_bytes(Encoding.DER)) for one in (old, new)]
    assert person.refused("agent-list", {"batch": batch, "certificates": ders}) == "signer_not_registered"
    registered_for(person.school, person.post.user, new)
    message = json.loads(person.did("agent-list", {"batch": batch, "certificates": ders})["text"])
    assert message["certificates"][0] == ders[1]


def test_no_list_without_pairing_without_a_fresh_second_factor_or_for_another_person(
    person: Person, inside: Any
) -> None:
    batch = person.authorised()
    ders = [b64(bytes(3))]
    real = [one["der"] for one in _shown(person)]
    assert person.refused("agent-list", {"batch": batch, "certificates": real}) == "agent_link_absent"
    person.pair()
    assert person.refused("agent-list", {"batch": batch, "certificates": ders}) == "agent_link_body"
    session = person.client.session
    session.pop("signing_grants")
    session.save()
    assert person.refused("agent-list", {"batch": batch, "certificates": real}) == "batch_needs_code"
    person.client = inside(post_of(person.school, Role.PRINCIPAL))
    assert person.refused("agent-list", {"batch": batch, "certificates": real}) == "no_such_batch"


def _shown(person: Person) -> list[dict[str, Any]]:
    person.pair()
    found: list[dict[str, Any]] = person.desk.certificates(SITE, person.token)["tokens"][0]["certificates"]
    person.did("agent-leave", {})
    return found


def test_a_node_that_does_not_offer_the_agent_hands_out_nothing(inside: Any) -> None:
    person = Person(closed_school(1), inside)
    person.pair()
    batch = person.authorised()
    ders = [one["der"] for one in person.desk.certificates(SITE, person.token)["tokens"][0]["certificates"]]
    assert person.refused("agent-list", {"batch": batch, "certificates": ders}) == "key_place_not_offered"


def test_a_wrong_code_pairs_nothing_and_an_agent_that_cannot_prove_itself_is_not_believed(
    person: Person,
) -> None:
    asked = person.desk.ask_pairing(SITE, **person.did("agent-pair", {}))
    for code in ("", "12345", "1234567", "abcdef", 123456, None):
        assert person.refused("agent-code", {**asked, "code": code}) in ("agent_link_code", "agent_link_body")
    attempt = person.desk.pairings.attempt
    assert attempt is not None
    wrong = f"{(int(attempt.code) + 1) % 10**6:06d}"
    proof = person.did("agent-code", {**asked, "code": wrong})["proof"]
    with pytest.raises(DomainError):
        person.desk.finish_pairing(SITE, asked["attempt"], proof)
    for forged in ("", "00" * 32, proof):
        body = {"pairing": asked["attempt"], "proof": forged}
        assert person.refused("agent-paired", body) == "agent_link_strange"
    assert person.client.get(reverse("web:agent-state"), headers=JSON).json()["token"] == ""


def test_pairing_ends_with_the_session_and_nothing_of_it_is_secret_in_the_database(
    person: Person, inside: Any
) -> None:
    person.pair()
    kept = json.dumps(dict(person.client.session))
    assert person.token not in kept
    assert person.client.get(reverse("web:agent-state"), headers=JSON).json()["token"] == person.token
    other = post_of(person.school, Role.PRINCIPAL)
    session = person.client.session
    session["_auth_user_id"], session[POST_KEY] = str(other.user_id), other.pk
    session["_auth_user_hash"] = other.user.get_session_auth_hash()
    session.save()
    assert person.client.get(reverse("web:agent-state"), headers=JSON).json()["token"] == ""
    person.client.logout()
    assert person.client.get(reverse("web:agent-state")).status_code == 302


def test_a_stick_is_registered_from_the_teachers_pc(offered: None, inside: Any, settings: Any) -> None:
    settings.HOCBASO_PUBLIC_URL = SITE
    person = Person(closed_school(1), inside, registered=False)
    person.pair()
    [der] = [one["der"] for one in person.desk.certificates(SITE, person.token)["tokens"][0]["certificates"]]
    begun = person.did("agent-prove", {"certificate": der})
    [[_, value]] = person.values(begun)
    done = person.did("agent-proof", {"case": begun["case"], "value": value})
    case = Possession.objects.get(pk=begun["case"])
    assert case.state == ProofState.PROVEN
    assert done["next"] == reverse("web:certificate-proof", args=[case.pk])
    confirm(person.school.actor(Role.PRINCIPAL), case)
    rows = Registration.objects.filter(certificate=digest_of(person.credential.certificate))
    assert {row.user for row in rows} == {person.post.user}


def test_only_the_pages_that_need_it_may_reach_the_agent(person: Person) -> None:
    page = person.client.get(reverse("web:agent"))
    assert page.status_code == 200
    assert "connect-src 'self' http://127.0.0.1:24817;" in page.headers["Content-Security-Policy"] + ";"
    assert "hocbaso agent --site http://testserver" in text(page)
    home = person.client.get(reverse("web:home"))
    assert "24817" not in home.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"batch": 1}',
        b'{"batch": true, "certificates": []}',
        b'{"batch": 1, "certificates": ["x"], "y": 1}',
    ],
)
def test_other_bodies_are_refused(person: Person, body: bytes) -> None:
    person.pair()
    for name in ("agent-list", "agent-values", "agent-prove", "agent-proof", "agent-code", "agent-paired"):
        answer = person.client.post(reverse(f"web:{name}"), body, content_type="application/json")
        assert answer.status_code in (400, 404), (name, answer.content)
