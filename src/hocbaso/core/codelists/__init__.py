"""Official code lists shipped with the package: places now and before 01/07/2025, and people's attributes.

Sources: Quyết định 19/2025/QĐ-TTg (provinces and communes; mergers of former communes), Quyết định
121-TCTK/PPCĐ (ethnic groups), Thông tư 17/2024/TT-BCA (province codes in personal numbers), sector database
practice (pupil statuses, religions); domain sheet 1.2, 2.1, 9.3. Lists are read once and kept.
"""

from hocbaso.core.codelists.attributes import (
    CodeItem,
    PupilStatus,
    ethnic_group,
    ethnic_groups,
    find_ethnic_group,
    find_id_number_province,
    find_pupil_status,
    find_religion,
    id_number_province,
    id_number_provinces,
    pupil_status,
    pupil_statuses,
    religion,
    religions,
)
from hocbaso.core.codelists.legacy import (
    LegacyCandidate,
    LegacyCommune,
    LegacyDistrict,
    LegacyProvince,
    legacy_commune,
    legacy_commune_candidates,
    legacy_communes,
    legacy_district,
    legacy_districts,
    legacy_predecessors,
    legacy_province,
    legacy_province_by_code,
    legacy_provinces,
)
from hocbaso.core.codelists.places import (
    Commune,
    Province,
    commune,
    communes,
    find_commune,
    find_province,
    province,
    provinces,
)
from hocbaso.core.codelists.search import propose

__all__ = [
    "CodeItem",
    "Commune",
    "LegacyCandidate",
    "LegacyCommune",
    "LegacyDistrict",
    "LegacyProvince",
    "Province",
    "PupilStatus",
    "commune",
    "communes",
    "ethnic_group",
    "ethnic_groups",
    "find_commune",
    "find_ethnic_group",
    "find_id_number_province",
    "find_province",
    "find_pupil_status",
    "find_religion",
    "id_number_province",
    "id_number_provinces",
    "legacy_commune",
    "legacy_commune_candidates",
    "legacy_communes",
    "legacy_district",
    "legacy_districts",
    "legacy_predecessors",
    "legacy_province",
    "legacy_province_by_code",
    "legacy_provinces",
    "propose",
    "province",
    "provinces",
    "pupil_status",
    "pupil_statuses",
    "religion",
    "religions",
]
