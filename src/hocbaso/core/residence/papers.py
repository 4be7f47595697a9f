"""Papers about residence that a school may not ask for (Luật Cư trú 2020; NĐ 104/2022/NĐ-CP)."""

from __future__ import annotations

import re

from hocbaso.core.vietnamese.letters import strip_marks

#: skeleton → name. Household and temporary-residence books ended on 31/12/2022; CT07 is the confirmation.
_PAPERS = (
    (re.compile(r"sohokhau|hokhau(?:giay|photo|sao)|bansaohokhau"), "sổ hộ khẩu"),
    (re.compile(r"sotamtru"), "sổ tạm trú"),
    (
        re.compile(r"ct0?7|giayxacnhan(?:thongtin)?(?:ve)?(?:noi)?(?:cutru|thuongtru|tamtru)|xacnhancutru"),
        "giấy xác nhận thông tin về cư trú (CT07)",
    ),
)


def residence_paper(text: str) -> str:
    """The residence paper that a free text names, in official words; empty when it names none."""
    bare = strip_marks(text)
    return next((name for pattern, name in _PAPERS if pattern.search(bare)), "")
