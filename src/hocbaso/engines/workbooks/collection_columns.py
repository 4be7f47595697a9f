"""Header texts of the collection workbook (menu 4.1.6) and what may be chosen in it."""

from __future__ import annotations

from hocbaso.engines.workbooks.columns import PUPIL_COLUMNS, STAFF_COLUMNS

#: field → header texts, the most exact first. What begins with ``new_`` is filled in by the school.
COLLECTION_COLUMNS: dict[str, tuple[str, ...]] = {
    "stt": PUPIL_COLUMNS["stt"],
    "code": PUPIL_COLUMNS["code"],
    "staff_code": ("Mã cán bộ", "Mã CB", "Mã giáo viên", "Mã GV", "Mã nhân sự"),
    "class_name": PUPIL_COLUMNS["class_name"],
    "full_name": ("Họ tên đang có", *PUPIL_COLUMNS["full_name"], *STAFF_COLUMNS["full_name"]),
    "birth_date": ("Ngày sinh đang có", *PUPIL_COLUMNS["birth_date"]),
    "sex": ("Giới tính đang có", *PUPIL_COLUMNS["sex"]),
    "personal_number": ("Số định danh đang có",),
    "province": ("Tỉnh, thành phố đang có", "Tỉnh thường trú đang có"),
    "commune": ("Xã, phường đang có", "Xã thường trú đang có"),
    "state": ("Trạng thái xác thực", "Trạng thái"),
    "differences": ("Điểm sai lệch", "Sai lệch"),
    "responsible": ("Ai xử lý", "Người xử lý"),
    "to_do": ("Việc cần làm",),
    "new_full_name": ("Họ tên đúng", "Họ tên mới", "Họ và tên đúng", "Họ và tên mới"),
    "new_birth_date": ("Ngày sinh đúng", "Ngày sinh mới"),
    "new_sex": ("Giới tính đúng", "Giới tính mới"),
    "new_personal_number": ("Số định danh đúng", "Số định danh mới", *PUPIL_COLUMNS["personal_number"]),
    "new_province": ("Tỉnh, thành phố đúng", "Tỉnh, thành phố mới", *PUPIL_COLUMNS["province"]),
    "new_commune": ("Xã, phường đúng", "Xã, phường mới", *PUPIL_COLUMNS["commune"]),
    "handling": ("Cách xử lý",),
    "paper": ("Giấy tờ đã đối chiếu", "Giấy tờ"),
    "paper_date": ("Ngày của giấy tờ", "Ngày giấy tờ", "Ngày cấp giấy tờ"),
    "note": ("Ghi chú",),
}

#: What the school did with a row.
CORRECT, CONFIRM, WAIT = "correct", "confirm", "wait"
HANDLINGS: dict[str, str] = {
    CORRECT: "Sửa hồ sơ theo giấy tờ",
    CONFIRM: "Hồ sơ đã đúng với giấy tờ",
    WAIT: "Chưa có giấy tờ",
}
PAPERS: tuple[str, ...] = (
    "Thông báo số định danh cá nhân",
    "Giấy khai sinh",
    "Trích lục khai sinh",
    "Thẻ căn cước",
    "Ứng dụng VNeID của gia đình",
    "Quyết định cải chính hộ tịch",
    "Hộ chiếu",
)
