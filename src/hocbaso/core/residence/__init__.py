"""Where somebody lives, before and after the reorganisation of 01/07/2025 (QĐ 19/2025/QĐ-TTg).

An address written with former units (province, district, commune) is mapped to today's communes, always with
the mapping shown; where a former commune was divided, or a name means several places, every candidate is
listed and a person chooses. Also: which papers about residence nobody may ask for (NĐ 104/2022/NĐ-CP).
"""

from hocbaso.core.residence.mapping import (
    Candidate,
    Mapping,
    Outcome,
    map_address,
    map_code,
)
from hocbaso.core.residence.names import REORGANISED_ON, UnitName, units_on
from hocbaso.core.residence.papers import residence_paper
from hocbaso.core.residence.wording import full_address, same_detail

__all__ = [
    "REORGANISED_ON",
    "Candidate",
    "Mapping",
    "Outcome",
    "UnitName",
    "full_address",
    "map_address",
    "map_code",
    "residence_paper",
    "same_detail",
    "units_on",
]
