"""A list that stopped goes on, or is given up, by whoever began it; a run ends with the person's post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import TracebackType

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import HandedOut, Run
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.apps.transcripts.use_cases import sign_at_place, sign_elsewhere, sign_sheets
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.stop_batch import resume_batch, stop_batch
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.ports import Signer
from tests.builders import YEAR, finished_class, make_school
from tests.secondary import finished_secondary_class, make_secondary_school
from tests.unit.apps.transcripts.test_sign_elsewhere import Desk, at_desk

pytestmark = pytest.mark.django_db


class Session:
    """A token's session that tells whether it is closed; ``turn`` is called with the first signature."""

    def __init__(self, inner: Signer, turn: Callable[[], object] = lambda: None) -> None:
        self.certificate, self.chain = inner.certificate, inner.chain
        self._inner, self._turn = inner, turn
        self.closed, self.signed = False, 0

    def sign_digest(self, digest: bytes) -> bytes:
        self.signed += 1
        if self.signed == 1:
            self._turn()
        return self._inner.sign_digest(digest)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@pytest.fixture
def desk() -> Desk:
    school = make_school()
    finished_class(school, "3A", 3)
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    return at_desk(SignerRole.HOMEROOM, Role.HOMEROOM, school)


def test_a_subject_teacher_goes_on_with_his_stopped_list_and_gives_it_up() -> None:
    school = make_secondary_school(classes=("6A1",))
    finished_secondary_class(school, "6A1", 1)
    of_class, role = school.classes["6A1"], SignerRole.SUBJECT_TEACHER
    close_class(school.actor(Role.PRINCIPAL), school_class=of_class)
    posts = Assignment.objects.select_related("user", "organisation", "school_class")
    post = posts.get(school_class=of_class, subject_code="toan", valid_to=None)
    actor = Actor.of(post, second_factor=True)
    sheets = sign_sheets.ready_sheets(school.unit, YEAR, role, of_class, actor.user)
    batch = sign_sheets.authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    with pytest.raises(NotAllowed):
        stop_batch(replace(actor, second_factor=False), batch)
    resume_batch(actor, batch, method="totp")
    assert stop_batch(actor, batch) == 1


@pytest.mark.parametrize("ended", ["post", "account"])
def test_a_run_at_the_token_ends_with_the_persons_post(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    def end() -> None:
        if ended == "post":
            yesterday = clock.today() - timedelta(days=1)
            Assignment.objects.filter(pk=desk.batch.assignment_id).update(valid_to=yesterday)
        else:
            User.objects.filter(pk=desk.batch.user_id).update(is_active=False)

    session = Session(desk.key, end)
    monkeypatch.setattr(sign_at_place, "STEP", 1)
    monkeypatch.setattr(sign_at_place, "open_token_session", lambda owner, pin: session)
    monkeypatch.setattr(runs, "start", runs.carry)
    sign_at_place.start_token(desk.actor, desk.batch, pin="1234")
    assert (session.signed, session.closed, SheetSignature.objects.count()) == (1, True, 1)
    assert Run.objects.get().stop_code == "elsewhere_post_ended"


def test_where_no_thread_is_to_be_had_the_token_is_closed_and_the_list_is_free(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(run: Run, work: object) -> None:
        raise RuntimeError("can't start new thread")

    session = Session(desk.key)
    monkeypatch.setattr(sign_at_place, "open_token_session", lambda owner, pin: session)
    monkeypatch.setattr(runs, "start", full)
    with pytest.raises(RuntimeError):
        sign_at_place.start_token(desk.actor, desk.batch, pin="1234")
    assert (session.closed, session.signed, runs.alive(desk.batch)) == (True, 0, False)
    assert Run.objects.get().stop_code == "run_broke"


def test_lists_without_end_are_not_handed_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_elsewhere, "MOST_LISTS", 2)
    desk.begin()
    handed = desk.begin()
    with pytest.raises(DomainError) as refused:
        desk.begin()
    assert (refused.value.code, HandedOut.objects.count()) == ("elsewhere_too_often", 2)
    assert sign_elsewhere.complete(desk.actor, handed, desk.values(handed)).waiting == 0
