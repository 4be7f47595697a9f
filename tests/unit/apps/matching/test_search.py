from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Check, Job
from hocbaso.apps.matching.models import NumberSearch, Pair
from hocbaso.apps.matching.use_cases.answer_offer import accept, decline
from hocbaso.apps.matching.use_cases.search import search, search_many, waiting_offer
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.population import Fault, PopulationUnavailable
from tests.builders import make_school
from tests.unit.apps.matching.world import Searching, pupil_of

pytestmark = pytest.mark.django_db
NUMBER = "079317000123"
NAME = "Nguyễn Phúc Bảo Quỳnh Hương"


def one(**values: str):
    school = make_school()
    return school, school.actor(Role.DATA_CLERK), pupil_of(school, 1, **values)


def test_one_hit_is_offered_masked_and_an_accepted_offer_is_written_and_sent():
    _, clerk, pupil = one()
    port = Searching({NAME: NUMBER})
    found = search(clerk, pupil, port=port)
    assert (found.outcome, found.offered.masked_number) == ("one", "079••••••123")
    assert port.asked[0].subject.personal_number == ""
    pupil.refresh_from_db()
    assert (pupil.personal_number, pupil.identity_state) == ("", "no_number")
    taken = accept(clerk, pupil, found.token, port=port)
    pupil.refresh_from_db()
    assert (taken.outcome, pupil.personal_number, pupil.identity_state) == ("sent", NUMBER, "sent")
    assert Job.objects.get().pupil == pupil
    row = NumberSearch.objects.get()
    assert (row.state, row.token, row.offered) == ("accepted", "", {})
    for text in (*map(str, Check.objects.values()), *map(str, Event.objects.values())):
        assert NUMBER not in text
        assert "•" not in text


@pytest.mark.parametrize(
    ("who", "outcome", "state"), [("several", "several", "multiple"), ("none", "none", "not_found")]
)
def test_several_and_none_become_states_and_evidence(who, outcome, state):
    _, clerk, pupil = one()
    assert search(clerk, pupil, port=Searching({NAME: who})).outcome == outcome
    pupil.refresh_from_db()
    check = Check.objects.get()
    assert (pupil.identity_state, check.purpose) == (state, "tim_so_dinh_danh")
    again = Searching({NAME: NUMBER})
    assert search(clerk, pupil, port=again).outcome == "one"  # the register knows more today


def test_a_search_whose_answer_was_lost_is_repeated_under_its_id():
    _, clerk, pupil = one()
    down = PopulationUnavailable(Fault.UNAVAILABLE, "test")
    found = search(clerk, pupil, port=Searching(down=down))
    assert found.outcome == "unavailable"
    assert found.sentence
    first = NumberSearch.objects.get().request_id
    port = Searching({NAME: NUMBER})
    assert search(clerk, pupil, port=port).outcome == "one"
    assert [query.request_id for query in port.asked] == [str(first)]
    assert search(clerk, pupil, port=port).token  # the standing offer: nobody is asked again
    assert len(port.asked) == 1
    assert waiting_offer(pupil).outcome == "one"


def test_a_number_that_another_file_holds_opens_the_pair_and_writes_nothing():
    school, clerk, pupil = one()
    holder = pupil_of(school, 2, personal_number=NUMBER)
    port = Searching({NAME: NUMBER})
    taken = accept(clerk, pupil, search(clerk, pupil, port=port).token, port=port)
    pupil.refresh_from_db()
    pair = Pair.objects.get()
    assert (taken.outcome, taken.pair_id, pupil.personal_number) == ("duplicate", pair.pk, "")
    assert (pair.first_id, pair.second_id, pair.kind) == (pupil.pk, holder.pk, "number")
    assert NUMBER not in str(pair.explanation)


def test_an_offer_lapses_with_time_with_the_file_and_when_declined():
    _, clerk, pupil = one()
    port = Searching({NAME: NUMBER})
    token = search(clerk, pupil, port=port).token
    with (
        clock.standing_at(clock.now() + timedelta(days=3)),
        pytest.raises(DomainError, match="không còn hiệu lực"),
    ):
        accept(clerk, pupil, token, port=port)
    pupil.birth_date = "2017-02-10"
    pupil.save()
    with pytest.raises(DomainError) as refused:
        accept(clerk, pupil, token, port=port)
    assert refused.value.code == "search_changed"
    pupil.birth_date = "2017-02-09"
    pupil.save()
    decline(clerk, pupil, token)
    with pytest.raises(DomainError) as refused:
        accept(clerk, pupil, token, port=port)
    assert refused.value.code == "search_no_offer"
    assert NumberSearch.objects.get().offered == {}
    assert port.accepted == []


def test_a_register_that_keeps_the_number_to_itself_sends_the_school_to_the_family():
    _, clerk, pupil = one()
    port = Searching({NAME: NUMBER}, discloses=False)
    with pytest.raises(DomainError, match="hoặc gia đình"):
        accept(clerk, pupil, search(clerk, pupil, port=port).token, port=port)


def test_soft_differences_are_offered_with_the_fields_that_differ():
    _, clerk, pupil = one()
    found = search(clerk, pupil, port=Searching({NAME: NUMBER}, soft=("ho_ten",)))
    assert (found.outcome, found.soft) == ("one", ("ho_ten",))


def test_who_has_a_number_or_lacks_a_field_is_not_searched():
    school, clerk, pupil = one(commune="")
    with pytest.raises(DomainError, match="xã, phường"):
        search(clerk, pupil, port=Searching())
    with pytest.raises(DomainError, match="đã có số"):
        search(clerk, pupil_of(school, 2, personal_number=NUMBER), port=Searching())


def test_a_class_is_searched_in_one_message_by_those_who_own_its_files():
    school = make_school(classes=("3A", "3B"))
    pupils = [pupil_of(school, n, full_name=f"Trần An {n}") for n in (1, 2, 3)]
    port = Searching({"Trần An 1": NUMBER, "Trần An 2": "several"})
    found = search_many(school.actor(Role.HOMEROOM, "3A"), pupils, port=port)
    assert [one.outcome for one in found] == ["one", "several", "none"]
    with pytest.raises(NotAllowed):
        search(school.actor(Role.HOMEROOM, "3B"), pupils[0], port=port)
    with pytest.raises(NotAllowed):
        search(school.actor(Role.PRINCIPAL), pupils[0], port=port)
