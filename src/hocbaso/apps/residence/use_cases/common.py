"""What the doings of residence share: the pupil's class, text limits, places, dates."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.identity.use_cases.repair import place_of
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import Pupil, SchoolClass
from hocbaso.core import codelists
from hocbaso.core.codelists import Commune, Province
from hocbaso.core.errors import DomainError, register
from hocbaso.core.residence import residence_paper
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "residence_paper_refused": (
            "Nhà trường không yêu cầu và không ghi nhận {paper} (Nghị định 104/2022/NĐ-CP): thông tin cư trú "
            "được khai thác từ dữ liệu dân cư. Chỉ khi không khai thác được, thầy cô mới ghi ở mục "
            "Trường hợp ngoại lệ.",
            "No school takes {paper} (NĐ 104/2022); only a recorded exception can name one.",
        ),
        "residence_long": ("{label}: dài quá {limit} ký tự.", "{label} has at most {limit} characters."),
        "residence_empty": ("{label}: không được để trống.", "{label} must not be empty."),
        "residence_commune": (
            "Thầy cô chọn xã, phường trong danh mục hiện hành.",
            "Choose a commune of today's list.",
        ),
        "residence_date": ("{label}: {why}", "{label}: {why}"),
    }
)


def authorised(actor: Actor, pupil: Pupil, permission: str = "residence.record") -> SchoolClass:
    """The class in which the pupil studies now.

    :raises NotAllowed: the policy says no. :raises NotFound: ``identity_no_class``
    """
    school_class = place_of(pupil)
    require(actor, permission, school_class.school if permission == "residence.exception" else school_class)
    return school_class


def clean(written: str, label: str, limit: int, *, needed: bool = False) -> str:
    """Text of a form; a residence paper in it is refused.

    :raises DomainError: ``residence_long``, ``residence_empty``, ``residence_paper_refused``
    """
    text = masked_in(collapse(nfc(written)))
    if needed and not text:
        raise DomainError("residence_empty", label=label)
    if len(text) > limit:
        raise DomainError("residence_long", label=label, limit=limit)
    paper = residence_paper(text)
    if paper:
        raise DomainError("residence_paper_refused", paper=paper)
    return text


def units(commune_code: str) -> tuple[Commune, Province]:
    """Today's commune and its province.

    :raises DomainError: ``residence_commune``
    """
    commune = codelists.commune(commune_code)
    province = codelists.province(commune.province_code) if commune else None
    if commune is None or province is None:
        raise DomainError("residence_commune")
    return commune, province


def day(written: str, label: str) -> str:
    """ISO, possibly partial; "" for nothing.

    :raises DomainError: ``residence_date``
    """
    reading = read_date(written, latest=clock.today())
    if reading.empty:
        return ""
    if not reading.exact or reading.value is None:
        raise DomainError("residence_date", label=label, why=reading.message or "ghi ngày/tháng/năm.")
    return reading.value
