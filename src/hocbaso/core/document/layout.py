"""The elements of ``ToNamHoc`` of the primary form in their order: one table for the emitter and the parser.

What both forms share stands here too; ``layout_secondary`` holds the secondary form. Names are Vietnamese
without accents, as in the tax authority's e-invoices; the order is that of the paper form (Phụ lục Thông tư
27/2020/TT-BGDĐT). ``schema/hocbaso-1.0.xsd`` says the same and is checked against it.
"""

from __future__ import annotations

from typing import Any

from hocbaso.core.document.codec import Echo, Kind, Leaf, Many, Maybe, One, Part, Record, Section
from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.compiled import CompiledRecord
from hocbaso.core.document.kinds import (
    COMMUNE,
    DATE,
    HEX64,
    INSTANT,
    LONG,
    PARTIAL_DATE,
    PERSONAL_NUMBER,
    PROVINCE,
    SCHOOL_CODE,
    SCHOOL_YEAR,
    SHORT,
    SLUG,
    STATE,
    TRUTH,
    enum,
    one_of,
    whole,
)
from hocbaso.core.document.model import (
    Decision,
    Photo,
    PrimaryResult,
    Pupil,
    ResponsiblePerson,
    School,
    SchoolLevel,
    SignerRole,
    StudyYear,
    SubjectLine,
    TraitLine,
    Traits,
    YearSheet,
)
from hocbaso.core.document.names import FORMAT_VERSION, SHEET_ID


def _code(value: Any, field: str) -> str:
    return str(parse_code(value))


CODE = Kind(_code, _code)
VERSION = whole(1, 999)
COUNT = whole(0, 400)
#: One signature holds 30 references at most (a limit of the JDK); one of them is to its own properties.
MAX_SUBJECTS_SIGNED = 29


def conclusion(element: str, label: str) -> Record:
    return Record(
        element,
        label,
        Decision,
        (
            One("value", Leaf("GiaTri", label, SHORT)),
            One("clause", Leaf("CanCu", f"căn cứ của {label}", SHORT)),
            One("explanation", Leaf("GiaiThich", f"giải thích của {label}", LONG)),
        ),
    )


SCHOOL = Record(
    "Truong",
    "trường",
    School,
    (
        One("code", Leaf("MaTruong", "mã trường", SCHOOL_CODE)),
        One("name", Leaf("TenTruong", "tên trường", SHORT)),
        Many("former_names", Leaf("TenCu", "tên cũ của trường", SHORT), limit=20),
        One("commune_code", Leaf("MaXa", "mã xã", COMMUNE)),
        One("commune", Leaf("Xa", "xã, phường", SHORT)),
        One("province_code", Leaf("MaTinh", "mã tỉnh", PROVINCE)),
        One("province", Leaf("Tinh", "tỉnh, thành phố", SHORT)),
    ),
)

GENERAL = Section(
    "ThongTinChung",
    (
        Echo(Leaf("PhienBanDinhDang", "phiên bản định dạng", SHORT), lambda sheet: FORMAT_VERSION),
        One("code", Leaf("MaHocBa", "mã học bạ", CODE)),
        One("version", Leaf("PhienBan", "phiên bản", VERSION)),
        Maybe("replaces", Leaf("ThayThe", "mã băm của bản bị thay thế", HEX64)),
        Maybe("replace_reason", Leaf("LyDoThayThe", "lý do thay thế", LONG)),
        One("environment", Leaf("MoiTruong", "môi trường", one_of("chinh_thuc", "thu_nghiem"))),
        One("rule_set", Leaf("BoQuyTac", "bộ quy tắc", SLUG)),
        One("template", Leaf("MauBieu", "mẫu biểu", SLUG)),
        One("frozen_at", Leaf("ThoiDiemChot", "thời điểm chốt", INSTANT)),
        One("nonce", Leaf("SoNgauNhien", "số ngẫu nhiên", HEX64)),
        One("school", SCHOOL),
        One("school_level", Leaf("CapHoc", "cấp học", enum(SchoolLevel))),
        One("grade", Leaf("Khoi", "khối", whole(1, 12))),
        One("class_name", Leaf("Lop", "lớp", SHORT)),
        One("year", Leaf("NamHoc", "năm học", SCHOOL_YEAR)),
        One("place", Leaf("DiaDanh", "địa danh ký", SHORT)),
    ),
)

PHOTO = Record(
    "Anh",
    "ảnh",
    Photo,
    (
        One("digest", Leaf("MaBam", "mã băm của ảnh", HEX64)),
        One("media_type", Leaf("KieuTep", "kiểu tệp ảnh", one_of("image/jpeg", "image/png"))),
    ),
)

PUPIL = Record(
    "HocSinh",
    "học sinh",
    Pupil,
    (
        One("code", Leaf("MaHocSinh", "mã học sinh", SHORT)),
        One("full_name", Leaf("HoVaTen", "họ và tên", SHORT)),
        One("birth_date", Leaf("NgaySinh", "ngày sinh", PARTIAL_DATE)),
        One("sex", Leaf("GioiTinh", "giới tính", one_of("Nam", "Nữ"))),
        One("ethnic_group", Leaf("DanToc", "dân tộc", SHORT)),
        One("nationality", Leaf("QuocTich", "quốc tịch", SHORT)),
        Maybe("policy_family", Leaf("DienChinhSach", "diện chính sách", SHORT)),
        Maybe("birth_place", Leaf("NoiSinh", "nơi sinh", SHORT)),
        Maybe("home_town", Leaf("QueQuan", "quê quán", SHORT)),
        Maybe("residence", Leaf("NoiThuongTru", "nơi thường trú", SHORT)),
        Maybe("current_address", Leaf("NoiOHienNay", "nơi ở hiện nay", SHORT)),
        Maybe("father", Leaf("HoTenCha", "họ và tên cha", SHORT)),
        Maybe("father_occupation", Leaf("NgheNghiepCha", "nghề nghiệp của cha", SHORT)),
        Maybe("mother", Leaf("HoTenMe", "họ và tên mẹ", SHORT)),
        Maybe("mother_occupation", Leaf("NgheNghiepMe", "nghề nghiệp của mẹ", SHORT)),
        Maybe("guardian", Leaf("NguoiGiamHo", "người giám hộ", SHORT)),
        Maybe("personal_number", Leaf("SoDinhDanh", "số định danh cá nhân", PERSONAL_NUMBER)),
        One("identity_state", Leaf("TrangThaiDinhDanh", "trạng thái xác thực định danh", STATE)),
        Maybe("photo", PHOTO),
    ),
)

STUDY_YEAR = Record(
    "NamDaHoc",
    "quá trình học tập",
    StudyYear,
    (
        One("year", Leaf("NamHoc", "năm học trong quá trình học tập", SCHOOL_YEAR)),
        One("class_name", Leaf("Lop", "lớp trong quá trình học tập", SHORT)),
        One("school", Leaf("TenTruong", "trường trong quá trình học tập", SHORT)),
        Maybe("register_number", Leaf("SoDangBo", "số đăng bộ", SHORT)),
        Maybe("entered", Leaf("NgayVao", "ngày nhập học, chuyển đến", DATE)),
    ),
)

HISTORY = Section("QuaTrinhHocTap", (Many("history", STUDY_YEAR, limit=40),))

# The first three bind a subject's own signature to this sheet: without them it could be carried over to
# another pupil's sheet, to another version or to another year of the same transcript.
SUBJECT_HEAD: tuple[Part, ...] = (
    Echo(Leaf("MaHocBa", "mã học bạ", CODE), lambda sheet: sheet.code),
    Echo(Leaf("PhienBan", "phiên bản", VERSION), lambda sheet: sheet.version),
    Echo(Leaf("NamHoc", "năm học", SCHOOL_YEAR), lambda sheet: sheet.year),
    One("code", Leaf("MaMon", "mã môn học", SLUG)),
    One("name", Leaf("TenMon", "tên môn học", SHORT)),
)


def subject_id(subject: Any) -> str:
    """The ``Id`` of a ``MonHoc``, to which the subject teacher's signature refers."""
    return f"mon-{subject.code}"


SUBJECT = Record(
    "MonHoc",
    "môn học",
    SubjectLine,
    (
        *SUBJECT_HEAD,
        Maybe("level", Leaf("MucDatDuoc", "mức đạt được", one_of("T", "H", "C"))),
        Maybe("score", Leaf("DiemKiemTra", "điểm kiểm tra định kì", whole(0, 10))),
        Maybe("comment", Leaf("NhanXet", "nhận xét môn học", LONG)),
        Maybe("teacher", Leaf("GiaoVien", "giáo viên môn học", SHORT)),
        Maybe("exempt", Leaf("LyDoMien", "lý do miễn học", SHORT)),
    ),
    identify=subject_id,
)

TRAIT = Record(
    "Muc",
    "phẩm chất, năng lực",
    TraitLine,
    (
        One("code", Leaf("Ma", "mã phẩm chất, năng lực", SLUG)),
        One("name", Leaf("Ten", "tên phẩm chất, năng lực", SHORT)),
        Maybe("level", Leaf("MucDatDuoc", "mức đạt được của phẩm chất, năng lực", one_of("T", "Đ", "C"))),
    ),
)

TRAITS = Record(
    "PhamChatNangLuc",
    "phẩm chất và năng lực",
    Traits,
    (
        Section(
            "PhamChat",
            (
                Many("qualities", TRAIT),
                Maybe("qualities_comment", Leaf("NhanXet", "nhận xét phẩm chất", LONG)),
            ),
        ),
        Section(
            "NangLucChung",
            (
                Many("general_competences", TRAIT),
                Maybe("general_comment", Leaf("NhanXet", "nhận xét năng lực chung", LONG)),
            ),
        ),
        Section(
            "NangLucDacThu",
            (
                Many("specific_competences", TRAIT),
                Maybe("specific_comment", Leaf("NhanXet", "nhận xét năng lực đặc thù", LONG)),
            ),
        ),
    ),
)

RESPONSIBLE = Record(
    "Nguoi",
    "người chịu trách nhiệm",
    ResponsiblePerson,
    (
        One("role", Leaf("VaiTro", "vai trò", enum(SignerRole))),
        One("name", Leaf("HoVaTen", "họ và tên người chịu trách nhiệm", SHORT)),
        One("staff_code", Leaf("MaCanBo", "mã cán bộ", SHORT)),
        One("title", Leaf("ChucDanh", "chức danh", SHORT)),
        Maybe("decision", Leaf("QuyetDinh", "quyết định phân công", SHORT)),
        Many("subjects", Leaf("MonKy", "môn học do giáo viên môn học ký", SLUG), limit=MAX_SUBJECTS_SIGNED),
    ),
)


def _sheet(result: dict[str, Any], **values: Any) -> YearSheet:
    return YearSheet(result=PrimaryResult(**result), **values)


RESULT = Section("KetQua", (One("overall", conclusion("DanhGia", "đánh giá kết quả giáo dục")),), of="result")
AWARDS = Section(
    "KhenThuong",
    (
        Maybe("title", conclusion("DanhHieu", "danh hiệu khen thưởng")),
        Many("other_awards", Leaf("KhenThuongKhac", "khen thưởng khác", LONG), limit=30),
    ),
    of="result",
)
COMPLETION = Section(
    "HoanThanh",
    (
        One("completed", Leaf("HoanThanhChuongTrinh", "hoàn thành chương trình", TRUTH)),
        One("promoted", Leaf("LenLop", "lên lớp", TRUTH)),
        One("completion", conclusion("XacNhan", "hoàn thành chương trình")),
    ),
    of="result",
)

COMMENT = Section(
    "NhanXet",
    (Maybe("homeroom_comment", Leaf("GiaoVienChuNhiem", "nhận xét của giáo viên chủ nhiệm", LONG)),),
)
PEOPLE = Section("NguoiChiuTrachNhiem", (Many("responsible", RESPONSIBLE, limit=60),))
REMARKS = Section("GhiChu", (Many("remarks", Leaf("Dong", "ghi chú", LONG)),))

SHEET = Record(
    "ToNamHoc",
    "tờ năm học",
    _sheet,
    (
        GENERAL,
        One("pupil", PUPIL),
        HISTORY,
        Section("MonHocs", (Many("subjects", SUBJECT),)),
        One("traits", TRAITS),
        Section(
            "SoNgayNghi",
            (
                Maybe("days_absent_excused", Leaf("CoPhep", "số ngày nghỉ có phép", COUNT)),
                Maybe("days_absent_unexcused", Leaf("KhongPhep", "số ngày nghỉ không phép", COUNT)),
            ),
        ),
        Section(
            "SucKhoe",
            (
                Maybe("height_cm", Leaf("ChieuCao", "chiều cao", whole(30, 260))),
                Maybe("weight_kg", Leaf("CanNang", "cân nặng", whole(1, 400))),
            ),
        ),
        RESULT,
        AWARDS,
        COMMENT,
        COMPLETION,
        PEOPLE,
        REMARKS,
    ),
    identify=lambda sheet: SHEET_ID,
)

#: The same table made ready for speed; gives nothing where it is in doubt.
QUICK_SHEET = CompiledRecord(SHEET)
