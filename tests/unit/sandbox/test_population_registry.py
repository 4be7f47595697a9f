"""The sandbox's population registry: what it answers, what it keeps to itself, what it answers once."""

from __future__ import annotations

import csv
import json
import random
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hocbaso.core.errors import Unreadable
from hocbaso.engines.population import (
    Answer,
    GatewaySettings,
    Outcome,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
    XRoadPopulation,
    ask_in_parallel,
    wire,
)
from hocbaso.sandbox.population import Behaviour, PopulationRegistry, in_process_port
from hocbaso.sandbox.population.store import PEOPLE, STAYS
from tests.unit.sandbox.cases import NOW

HCM, AN_PHU = "Thành phố Hồ Chí Minh", "Phường An Phú"
FORMER = "Phường An Phú, Thành phố Thuận An"
ROWS = [
    ("079219000001", "Trần Thị Thúy", "2019-02-08", "Nữ", HCM, "Phường Hạnh Thông"),
    ("079219000002", "Nguyễn Văn Hòa", "2019-03-12", "Nam", HCM, "Xã Bình Lợi"),
    ("079219000003", "Nguyễn Văn Hòa", "2019-03-12", "Nam", HCM, "Xã Bình Châu"),
    ("079219000004", "Lê Quý Đôn", "2019", "Nam", HCM, "Xã Bình Lợi"),
    ("079219000005", "Phạm Bình Dương", "2018-01-01", "Nam", "Tỉnh Bình Dương", FORMER),
    ("079219000006", "Võ Gia Bảo", "2018-05-05", "Nam", HCM, "Phường Hạnh Thông"),
]  # fmt: skip
HEAD = "079088226966"


@pytest.fixture
def registry(tmp_path: Path) -> PopulationRegistry:
    people, stays = tmp_path / "people.csv", tmp_path / "stays.csv"
    with people.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([PEOPLE, *ROWS])
    with stays.open("w", newline="", encoding="utf-8") as file:
        first = (ROWS[0][0], "thuong_tru", "Thành phố Hà Nội", "Phường Phúc Xá, Quận Ba Đình", "1 phố A")
        now = (ROWS[0][0], "thuong_tru", HCM, "Phường Hạnh Thông", "8 đường số 55")
        rows = [(*first, "2019-02-08", "2024-01-05"), (*now, "2024-01-05", "")]
        csv.writer(file).writerows([STAYS, *((*row, "Con", HEAD) for row in rows)])
    registry = PopulationRegistry(tmp_path / "registry", clock=lambda: NOW)
    assert registry.load(people, stays) == {"people": len(ROWS), "stays": 2}
    return registry


def question(number: str, *values: str, unit: str = "79000101", **places: str) -> Query:
    name, birth, sex = values[:3]
    places = places or ({"province": values[3], "commune": values[4]} if len(values) > 3 else {})
    purpose = Purpose("xac_thuc_ho_so_hoc_sinh", "Nghị định 88/2026/NĐ-CP Điều 9")
    return Query(str(uuid.uuid4()), Subject(number, name, birth, sex, **places), purpose, unit, "vanthu")


def one(registry: PopulationRegistry, query: Query) -> Answer:
    return in_process_port(registry).ask([query])[0]


@pytest.mark.parametrize(
    ("row", "changes", "differences", "soft"),
    [
        (0, {}, (), ()),
        (0, {1: "  trần  thị THÚY "}, (), ()),
        (0, {1: unicodedata.normalize("NFD", "Trần Thị Thúy")}, (), ()),
        (0, {1: "Trần Thị Thuý"}, ("ho_ten",), ("ho_ten",)),
        (0, {1: "Trần Thị Thủy"}, ("ho_ten",), ()),
        (0, {2: "2019-02"}, ("ngay_sinh",), ("ngay_sinh",)),
        (0, {2: "2019-08-02"}, ("ngay_sinh",), ()),
        (3, {}, (), ()),
        (3, {1: "Lê Quí Đôn", 2: "2019-05-06"}, ("ho_ten", "ngay_sinh"), ("ho_ten", "ngay_sinh")),
        (0, {3: "Nam", 5: "Xã Bình Lợi"}, ("gioi_tinh", "thuong_tru"), ()),
        (0, {4: "Tỉnh Đồng Nai"}, ("thuong_tru",), ()),
        (4, {}, (), ()),
        (4, {4: HCM, 5: AN_PHU}, (), ()),  # the former ward went into the present one of that name
        (4, {4: HCM, 5: "Phường Hạnh Thông"}, ("thuong_tru",), ()),
    ],
)
def test_every_field_is_answered_for_itself(
    registry: PopulationRegistry,
    row: int,
    changes: dict[int, str],
    differences: tuple[str, ...],
    soft: tuple[str, ...],
) -> None:
    values = [changes.get(place, value) for place, value in enumerate(ROWS[row])]
    answer = one(registry, question(*values))
    assert answer.outcome is (Outcome.MISMATCH if differences else Outcome.MATCHED)
    assert answer.differences == differences
    assert answer.soft == set(soft)


def test_codes_of_former_communes_match_what_became_of_them(registry: PopulationRegistry) -> None:
    right = question(*ROWS[0][:4], province_code="79", commune_code="26890")
    assert registry.store.people([ROWS[0][0]])[ROWS[0][0]].place.commune == "26890"
    assert one(registry, right).verified
    wrong = question(*ROWS[0][:4], province_code="79", commune_code="26882")
    assert one(registry, wrong).differences == ("thuong_tru",)


def test_a_number_nobody_has_is_not_found_unless_everything_else_fits_one_person(
    registry: PopulationRegistry,
) -> None:
    assert one(registry, question("079219999999", *ROWS[0][1:5], "Xã Bình Lợi")).outcome is Outcome.NOT_FOUND
    assert one(registry, question("079219999999", *ROWS[0][1:])).differences == ("so_dinh_danh",)
    assert one(registry, question(ROWS[1][0], *ROWS[0][1:])).differences == ("so_dinh_danh",)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [(0, "12345", "so_dinh_danh"), (1, " ", "ho_ten"), (2, "31/02/2019", "ngay_sinh"), (3, "1", "gioi_tinh")],
)
def test_what_cannot_be_asked_is_named(
    registry: PopulationRegistry, place: int, value: str, reason: str
) -> None:
    values = [value if place == index else text for index, text in enumerate(ROWS[0])]
    answer = one(registry, question(*values))
    assert (answer.outcome, answer.reason) == (Outcome.INVALID_INPUT, reason)


def test_a_search_offers_one_person_masked_and_never_chooses_among_several(
    registry: PopulationRegistry,
) -> None:
    found = one(registry, question("", "Trần Thị Thuý", *ROWS[0][2:]))
    (offer,) = found.offered
    assert not found.verified
    assert (offer.masked_name, offer.masked_number) == ("T••• T•• T•••", "079••••••001")
    assert ROWS[0][0] not in json.dumps([offer.token, offer.masked_name, offer.commune])
    assert one(registry, question("", *ROWS[1][1:4], HCM, "Xã Bình Lợi")).offered
    several = one(registry, question("", *ROWS[1][1:4], province=HCM))
    assert (several.outcome, several.offered) == (Outcome.MULTIPLE, ())
    assert one(registry, question("", *ROWS[0][1:5], "Xã Bình Lợi")).outcome is Outcome.NOT_FOUND
    assert one(registry, question("", *ROWS[0][1:4])).reason == "thuong_tru"


def test_an_offer_is_taken_up_by_the_school_that_got_it_and_only_for_two_days(tmp_path: Path) -> None:
    now = [NOW]
    people = tmp_path / "people.csv"
    people.write_text("\n".join(",".join(row) for row in (PEOPLE, *ROWS[:4])), "utf-8")
    registry = PopulationRegistry(tmp_path / "r", clock=lambda: now[0])
    registry.load(people)
    port = in_process_port(registry)
    token = one(registry, question("", *ROWS[0][1:])).offered[0].token
    mine, theirs = question("", *ROWS[0][1:]), question("", *ROWS[0][1:], unit="79000201")
    assert port.accept(theirs, token).outcome is Outcome.NOT_FOUND
    assert port.accept(question("", *ROWS[0][1:]), "guess").outcome is Outcome.NOT_FOUND
    assert port.accept(mine, token).personal_number == ROWS[0][0]
    now[0] += timedelta(days=3)
    assert port.accept(mine, token).personal_number == ROWS[0][0], "the same request, the same answer"
    assert port.accept(question("", *ROWS[0][1:]), token).outcome is Outcome.NOT_FOUND
    now[0] -= timedelta(days=3)
    registry.behaviour.change({"disclose_number": False})
    assert port.accept(question("", *ROWS[0][1:]), token).personal_number == ""


def test_residence_is_told_to_who_knows_the_person_and_to_nobody_else(registry: PopulationRegistry) -> None:
    port = in_process_port(registry)
    answer = port.residence(question(ROWS[0][0], "trần thị thuý", *ROWS[0][2:4]))
    assert [(entry.since, entry.until) for entry in answer.entries] == [
        ("2019-02-08", "2024-01-05"),
        ("2024-01-05", ""),
    ]
    assert [entry.commune_code for entry in answer.entries][1] == "26890"
    assert answer.entries[1].head_masked == "079••••••966"
    stranger = port.residence(question(ROWS[0][0], "Nguyễn Văn An", *ROWS[0][2:4]))
    assert (stranger.outcome, stranger.entries) == (Outcome.MISMATCH, ())
    assert port.residence(question("079219999999", *ROWS[0][1:4])).outcome is Outcome.NOT_FOUND


def test_a_mismatch_tells_nothing_of_what_is_registered(registry: PopulationRegistry) -> None:
    asked = question(ROWS[0][0], "Lý Thu Ba", "2015-01-01", "Nam", HCM, "Xã Bình Châu")
    (answer,) = registry.verify("VN/GOV/a/b", [wire.item(asked)])
    told = json.dumps(answer, ensure_ascii=False)
    assert not [value for value in (*ROWS[0][1:3], ROWS[0][5], "26890") if value in told]


def test_the_same_question_gets_the_same_answer_and_is_counted(registry: PopulationRegistry) -> None:
    asked = [question(*row) for row in ROWS]
    port = in_process_port(registry)
    first = port.ask(asked)
    again = [in_process_port(registry).ask([query])[0] for query in reversed(asked)]
    assert first == again[::-1]
    counters = registry.store.counters()
    assert (counters["distinct"], counters["repeated"]) == (len(asked), len(asked))


def test_an_id_that_comes_back_with_another_question_is_refused(registry: PopulationRegistry) -> None:
    asked = question(*ROWS[0])
    one(registry, asked)
    other = Query(asked.request_id, question(*ROWS[1]).subject, asked.purpose, "79000101", "vanthu")
    answer = one(registry, other)
    assert (answer.outcome, answer.reason) == (Outcome.INVALID_INPUT, "conflict")
    assert registry.store.counters()["distinct"] == 1


def test_answers_survive_the_registrys_death(registry: PopulationRegistry, tmp_path: Path) -> None:
    asked = question(*ROWS[0])
    first = one(registry, asked)
    later = PopulationRegistry(tmp_path / "registry", clock=lambda: NOW + timedelta(hours=1))
    assert one(later, asked) == first


@pytest.mark.parametrize(
    "content", ["", "so_dinh_danh,ho_ten\n1,2", ",".join(PEOPLE) + "\n1,2,3", "one\n" * 3]
)
def test_a_file_of_another_shape_is_refused_and_the_register_stays(
    registry: PopulationRegistry, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(Unreadable, match=r"wrong\.csv"):
        registry.load(people=file)
    assert registry.store.people([ROWS[0][0]])


Make = Callable[..., XRoadPopulation]


@pytest.fixture
def patient(registry: PopulationRegistry) -> Make:
    """A gateway whose waiting costs nothing."""

    def make(**settings: object) -> XRoadPopulation:
        given = GatewaySettings(url="http://127.0.0.1/population", **settings)  # type: ignore[arg-type]
        moments = [NOW]

        def sleep(seconds: float) -> None:
            moments[0] += timedelta(seconds=seconds)

        return in_process_port(registry, given, now=lambda: moments[0], sleep=sleep)

    return make


def test_bad_days_lose_nothing_and_ask_nothing_twice(registry: PopulationRegistry, patient: Make) -> None:
    registry.dice = random.Random(20260528).random  # the same bad days in every run
    rates = ("error_rate", "lost_rate", "malformed_rate", "item_error_rate")
    registry.behaviour.change(dict.fromkeys(rates, 0.25))
    waiting = {query.request_id: query for query in (question(*row) for row in ROWS * 20)}
    answers: dict[str, Answer] = {}
    for _ in range(400):
        batch = list(waiting.values())[:10]
        if not batch:
            break
        try:
            told = patient(attempts=2).ask(batch)
        except PopulationUnavailable:
            continue
        for answer in told:
            if answer.outcome.final:
                answers[answer.request_id] = answer
                del waiting[answer.request_id]
    assert not waiting
    assert all(answer.verified for answer in answers.values())
    counters = registry.store.counters()
    assert counters["distinct"] == len(answers) == 120
    assert counters["repeated"] > 0, "some answers were lost on the way"


def test_batches_under_way_together_all_come_back_once(registry: PopulationRegistry, patient: Make) -> None:
    registry.behaviour.change({"error_rate": 0.3})
    batches = [[question(*row) for row in ROWS] for _ in range(30)]
    read: list[int] = []

    def source() -> Iterator[list[Query]]:
        for number, batch in enumerate(batches):
            read.append(number)
            yield batch

    told = 0
    for batch, answers in ask_in_parallel(patient(attempts=10), source(), workers=3):
        assert len(read) <= told + 3, "never more ahead than messages may be under way"
        told += 1
        assert not isinstance(answers, PopulationUnavailable)
        assert [answer.request_id for answer in answers] == [query.request_id for query in batch]
    assert told == 30
    counters = registry.store.counters()
    assert (counters["distinct"], counters["repeated"]) == (30 * len(ROWS), 0)


def test_a_batch_that_fails_comes_back_as_its_error(registry: PopulationRegistry, patient: Make) -> None:
    registry.behaviour.change({"outage": True})
    batches = [[question(*row)] for row in ROWS]
    told = list(ask_in_parallel(patient(attempts=1), batches, workers=2))
    assert sorted(batch[0].request_id for batch, _ in told) == sorted(one[0].request_id for one in batches)
    assert all(isinstance(error, PopulationUnavailable) for _, error in told)


def test_the_quota_of_the_day_is_kept_and_repeating_costs_nothing(
    registry: PopulationRegistry, patient: Make
) -> None:
    registry.behaviour.change({"quota_per_day": 4})
    asked = [question(*row) for row in ROWS]
    answers = patient().ask(asked)
    assert [answer.outcome.final for answer in answers] == [True] * 4 + [False] * 2
    assert patient().ask(asked[:4]) == answers[:4]
    with pytest.raises(PopulationUnavailable) as caught:
        patient().ask(asked[4:])
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > NOW + timedelta(minutes=5)


def test_an_outage_has_a_beginning_and_an_end(registry: PopulationRegistry, patient: Make) -> None:
    hour = timedelta(hours=1)
    for window, up in [((NOW - hour, NOW), True), ((NOW, NOW + hour), False)]:
        registry.behaviour.change({"outages": [[moment.isoformat() for moment in window]]})
        if up:
            assert patient().ask([question(*ROWS[0])])[0].verified
        else:
            with pytest.raises(PopulationUnavailable):
                patient().ask([question(*ROWS[0])])
    assert registry.store.counters()["distinct"] == 1


@pytest.mark.parametrize(
    "wrong",
    [{"nonsense": 1}, {"error_rate": 2}, {"outage": 1}, {"outages": [["2026-01-01", "2026-01-02"]]}],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Behaviour().changed(wrong)


def test_a_settings_file_changed_by_hand_is_in_force_at_once(
    registry: PopulationRegistry, tmp_path: Path
) -> None:
    (tmp_path / "registry" / "settings.json").write_text('{"outage": true}')
    assert registry.behaviour.current().down(datetime.now(UTC))
