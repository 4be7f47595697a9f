"""The words of a letter to a guardian: what does not agree, which paper to bring, or where to go.

What the register holds is not known here and never stands in a letter; a personal number is masked. Papers
about residence are never asked for (seed 000; Nghị định 104/2022/NĐ-CP): residence is settled by data.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.models import Check, ConfirmationKind, LetterKind, Outcome
from hocbaso.apps.identity.queries import FIELD_LABELS, Row
from hocbaso.apps.identity.steps import Need, need_of
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.rendering.letters import GuardianLetter

#: Papers that settle a field. Residence has none: it is known from data.
_CERTIFICATE = "Giấy khai sinh của em (bản sao)"
_NOTICE = "Giấy thông báo số định danh cá nhân của em do công an cấp, hoặc thẻ căn cước của em"
_PAPERS = {
    "ho_ten": (_CERTIFICATE, _NOTICE),
    "ngay_sinh": (_CERTIFICATE, _NOTICE),
    "gioi_tinh": (_CERTIFICATE, _NOTICE),
    "so_dinh_danh": (_NOTICE, _CERTIFICATE),
}
_POLICE = "công an xã, phường nơi em đăng ký thường trú"
_DATABASE = "Cơ sở dữ liệu quốc gia về dân cư"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a guardian is written to."""

    kind: LetterKind
    fields: tuple[str, ...]  # of engines.population.FIELDS


def reason_of(row: Row, *, asked: bool = False) -> Reason | None:
    """Why the guardian of the pupil is to be written to; None when it is not his turn.

    :param asked: somebody chose this pupil by hand. Then a letter is also made where the school could still
        search for the number, or suspects its own typing.
    """
    need = need_of(row)
    if need is Need.NUMBER:
        searched = row.check is not None and row.responsible == "guardian"
        return Reason(LetterKind.NUMBER, ()) if asked or searched else None
    if need is Need.POLICE and row.check is not None:
        return Reason(LetterKind.POLICE, _differing(row.check))
    if need is Need.GUARDIAN or (asked and need is Need.SCHOOL):
        return _to_compare(row)
    return None


def _to_compare(row: Row) -> Reason | None:
    check = row.check
    if check is None or check.outcome == Outcome.MULTIPLE:
        return None
    if check.outcome == Outcome.NOT_FOUND:
        return Reason(LetterKind.NOT_FOUND, ("so_dinh_danh",))
    seen = evidence.confirmed(row.person, row.confirmations, ConfirmationKind.DIFFERENCE)
    open_fields = tuple(name for name in _differing(check) if name in _PAPERS and name not in seen)
    return Reason(LetterKind.DIFFERENCE, open_fields) if open_fields else None


def _differing(check: Check) -> tuple[str, ...]:
    return tuple(name for name in FIELD_LABELS if name in check.differences) or ("so_dinh_danh",)


@dataclass(frozen=True, slots=True)
class Sender:
    """What every letter of a school has in common."""

    school: str
    manager: str
    place: str
    principal: str
    trial: bool
    today: date
    until: date


def letter_of(row: Row, class_name: str, homeroom: str, reason: Reason, sender: Sender) -> GuardianLetter:
    """The letter about one pupil."""
    pupil = row.person
    assert isinstance(pupil, Pupil)
    opening, request, asks, notes = _words(reason, pupil)
    table = _TABLED.get(reason.kind, False)
    contact = f"giáo viên chủ nhiệm {homeroom}" if homeroom else "văn phòng nhà trường"
    return GuardianLetter(
        school=sender.school,
        manager=sender.manager,
        place=sender.place,
        day=(sender.today.year, sender.today.month, sender.today.day),
        trial=sender.trial,
        subject="Về việc hoàn chỉnh thông tin định danh cá nhân của học sinh",
        to=f"cha mẹ hoặc người giám hộ của em {pupil.full_name}",
        facts=(
            ("Học sinh lớp", class_name),
            ("Ngày sinh", format_vi(pupil.birth_date) or "(chưa ghi)"),
            ("Mã học sinh", pupil.code),
            ("Số định danh cá nhân", masked_number(pupil.personal_number) or "(chưa có)"),
        ),
        opening=opening,
        table=tuple((FIELD_LABELS[name], _in_file(pupil, name)) for name in reason.fields) if table else (),
        request=request,
        asks=asks,
        notes=notes,
        until=f"Xin gia đình thực hiện trước ngày {sender.until:%d/%m/%Y}.",
        contact=f"Cần hỏi thêm, gia đình liên hệ {contact}.",
        office="HIỆU TRƯỞNG",
        signer=sender.principal,
    )


_TABLED = {LetterKind.DIFFERENCE: True, LetterKind.POLICE: True}


def _in_file(pupil: Pupil, name: str) -> str:
    """The school's own value, for the family to compare with the paper."""
    return {
        "ho_ten": pupil.full_name,
        "ngay_sinh": format_vi(pupil.birth_date),
        "gioi_tinh": pupil.sex,
        "so_dinh_danh": masked_number(pupil.personal_number),
        "thuong_tru": ", ".join(part for part in (pupil.commune, pupil.province) if part),
    }[name]


Words = tuple[tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]
_COPIES = (
    "Bản chụp chỉ dùng để đối chiếu hồ sơ của em. Nhà trường không yêu cầu nộp sổ hộ khẩu, sổ tạm trú hay "
    "giấy xác nhận thông tin về cư trú."
)
_BRING = "Gia đình giúp nhà trường:"


def _words(reason: Reason, pupil: Pupil) -> Words:
    """Opening, request, what is asked, notes."""
    return {
        LetterKind.NUMBER: _number,
        LetterKind.NOT_FOUND: _not_found,
        LetterKind.DIFFERENCE: _difference,
        LetterKind.POLICE: _police,
    }[reason.kind](reason.fields)


def _papers(fields: Collection[str]) -> str:
    found: dict[str, None] = {}
    for name in fields:
        found |= dict.fromkeys(_PAPERS.get(name, ()))
    return "; ".join(found)


def _number(_fields: Collection[str]) -> Words:
    return (
        (
            "Hồ sơ của em tại trường chưa có số định danh cá nhân, nên nhà trường chưa đối chiếu được với "
            f"{_DATABASE}.",
        ),
        _BRING,
        (
            f"Mang đến trường, hoặc gửi em mang theo, bản chụp: {_NOTICE}.",
            f"Nếu em chưa được cấp giấy thông báo, liên hệ {_POLICE} để được cấp, rồi báo lại nhà trường.",
        ),
        (_COPIES,),
    )


def _not_found(_fields: Collection[str]) -> Words:
    return (
        (
            f"Nhà trường đã gửi thông tin của em để đối chiếu với {_DATABASE}, nhưng không tìm thấy em theo "
            "số định danh đang ghi trong hồ sơ.",
        ),
        _BRING,
        (
            f"Mang đến trường, hoặc gửi em mang theo, bản chụp: {_NOTICE}.",
            "So số định danh, họ tên, ngày sinh trên giấy với giấy khai sinh của em.",
            f"Nếu em chưa có giấy thông báo, hoặc các giấy tờ ghi khác nhau, liên hệ {_POLICE}.",
        ),
        (_COPIES,),
    )


def _difference(fields: Collection[str]) -> Words:
    return (
        (
            f"Nhà trường đã gửi thông tin của em để đối chiếu với {_DATABASE}. Những mục dưới đây chưa khớp. "
            "Hệ thống chỉ báo mục nào chưa khớp, không cho biết dữ liệu dân cư đang ghi gì, nên nhà trường "
            "nhờ gia đình đối chiếu theo giấy tờ.",
        ),
        _BRING,
        (
            f"Mang đến trường, hoặc gửi em mang theo, bản chụp: {_papers(fields)}.",
            "Nếu giấy tờ của em ghi khác với hồ sơ của trường, nhà trường sửa hồ sơ theo giấy tờ.",
            f"Nếu các giấy tờ của em ghi khác nhau, liên hệ {_POLICE}.",
        ),
        (_COPIES,),
    )


def _police(_fields: Collection[str]) -> Words:
    return (
        (
            "Nhà trường đã xem giấy tờ của em: giấy tờ và hồ sơ của trường ghi như nhau. "
            f"Tuy vậy {_DATABASE} vẫn báo chưa khớp ở những mục dưới đây, nên dữ liệu dân cư cần được "
            "công an kiểm tra.",
        ),
        _BRING,
        (
            f"Liên hệ {_POLICE}, mang theo giấy khai sinh và giấy thông báo số định danh cá nhân (hoặc thẻ "
            "căn cước) của em, đề nghị kiểm tra và điều chỉnh dữ liệu dân cư.",
            "Khi công an báo đã điều chỉnh, báo lại nhà trường để gửi xác thực lần nữa.",
        ),
        ("Hồ sơ của em tại trường vẫn đầy đủ; việc học của em không bị ảnh hưởng.",),
    )
