"""The pages of the view log in words. Each area registers its own beside its view."""

from __future__ import annotations

_places: dict[str, str] = {}


def register_places(places: dict[str, str]) -> None:
    """Short name of a page → its name in Vietnamese, as the family reads it in an extract."""
    _places.update(places)


def place_words(where: str) -> str:
    """The page in words; an unknown one by its short name."""
    return _places.get(where, where)


def known_place(where: str) -> str:
    """The short name, when it is one of ours: what a form sends is not believed."""
    return where if where in _places else "other"


register_places(
    {
        "pupil": "Hồ sơ học sinh",
        "roster": "Danh sách học sinh",
        "class": "Lớp và phân công",
        "photo": "Ảnh của học sinh",
        "photos": "Ảnh học sinh",
        "identity": "Xác thực danh tính",
        "collection": "Thu thập thông tin định danh",
        "letter": "Thư gửi gia đình",
        "search": "Tìm số định danh",
        "matching": "Hồ sơ trùng",
        "residence": "Cư trú của học sinh",
        "quality": "Chất lượng dữ liệu",
        "slip": "Phiếu xác nhận của gia đình",
        "gradebook": "Sổ điểm",
        "books": "Sổ sách",
        "transcript": "Học bạ",
        "arrival": "Học sinh chuyển đến",
        "staff": "Danh sách cán bộ",
        "views": "Nhật ký xem",
        "other": "Trang khác",
        "cli": "Dòng lệnh của máy chủ",
    }
)
