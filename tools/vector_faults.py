"""What the vectors are: good documents, and one fault each of a maker or an attacker."""

# One line for each vector reads best.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from vector_bench import (
    CD,
    DAY,
    GVBM,
    GVCN,
    HT,
    STAMPED,
    T0,
    Bench,
    Holder,
    canonical_sheet,
    curve,
    rsa_key,
    seed,
)

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import ResponsiblePerson, SchoolLevel, YearSheet
from hocbaso.core.document.names import HEAD, TAIL, document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.trust.xades import (
    ArchiveStamp,
    Unsigned,
    ValidationData,
    archive_digest,
    read_signature,
    referable,
    with_properties,
    with_unsigned,
    without_unsigned,
)

_DS11 = b"http://www.w3.org/2006/12/xml-c14n11"
_C14N = b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_SHA256 = b"http://www.w3.org/2001/04/xmlenc#sha256"


@dataclass(frozen=True)
class Made:
    """One vector before the verifier was asked."""

    file: str
    data: bytes
    rules: tuple[str, ...]
    bundle: bool
    vi: str
    en: str


def all_vectors(bench: Bench) -> list[Made]:
    """Every vector, good ones first."""
    good = list(_good(bench))
    primary = good[0].data
    return [*good, *_octets(primary), *_sheets(bench), *_forms(bench), *_bindings(bench, primary), *_orders(bench), *_standings(bench), *_packages(primary, good[3].data), *_archives(bench)]


def swap(old: str | bytes, new: str | bytes, count: int = 1) -> Callable[[bytes], bytes]:
    """An edit that must find what it changes."""
    before, after = (item.encode() if isinstance(item, str) else item for item in (old, new))

    def edit(text: bytes) -> bytes:
        if before not in text:
            raise ValueError(f"{before!r} is not there")
        return text.replace(before, after, count)

    return edit


def _few(sheet: YearSheet, teachers: int = 2) -> YearSheet:
    """The same secondary sheet with its subjects given to so few teachers."""
    people = [person for person in sheet.responsible if person.role is GVBM][:teachers]
    codes = [line.code for line in sheet.subjects if line.exempt is None]
    named = [replace(person, subjects=tuple(codes[n::teachers])) for n, person in enumerate(people)]
    return replace(sheet, responsible=(*named, *(p for p in sheet.responsible if p.role is not GVBM)))


def _good(bench: Bench) -> Iterator[Made]:
    def made(name: str, data: bytes, vi: str, en: str) -> Made:
        return Made(f"dung/{name}.xml", data, (), True, vi, en)

    yield made("tieu-hoc-p256", bench.issue(bench.sheet(3), known="current"), "Tiểu học, khóa P-256, con dấu B-T", "Primary, P-256 keys, seal B-T")
    for bits in (2048, 3072):
        holder = bench.pki.make(f"Chủ nhiệm RSA {bits}", bench.pki.sub, key=rsa_key(bits))
        bench.extra.append(bench.register_holder(holder, GVCN, "Chủ nhiệm RSA", "79000101"))
        data = bench.issue(bench.sheet(3), known="current", gvcn={"holder": holder})
        yield made(f"tieu-hoc-rsa{bits}", data, f"Tiểu học, chủ nhiệm ký bằng RSA {bits}", f"Primary, homeroom teacher with RSA {bits}")
    yield made("thcs", bench.issue(bench.sheet(6), known="current"), "Trung học cơ sở, chín giáo viên môn học ký", "Lower secondary, nine subject teachers sign")
    yield made("thpt", bench.issue(_few(bench.sheet(10), 3), known="current"), "Trung học phổ thông, ba giáo viên môn học ký", "Upper secondary, three subject teachers sign")
    school = replace(bench.sheets[10].school, name="Trung tâm Giáo dục nghề nghiệp - Giáo dục thường xuyên Bằng Lăng")
    yield made("gdtx", bench.issue(_few(bench.sheet(10, school=school)), known="current"), "Giáo dục thường xuyên cấp trung học phổ thông (dùng mẫu của cấp học)", "Continuing education at upper secondary level (it has the form of its level)")
    yield made("day-nhom", bench.issue(_team(bench), known="current"), "Môn do hai giáo viên dạy, cả hai cùng ký", "A team-taught subject that both teachers sign")
    yield made("mon-ky-tieu-hoc", bench.issue(_primary_teacher(bench), known="current"), "Tiểu học có giáo viên môn ký một môn", "Primary with one subject signed by its teacher")
    second = bench.sheet(3, version=2, replaces="ab" * 32, replace_reason="Nhập sai số ngày nghỉ")
    yield made("phien-ban-2", bench.issue(second, known="current"), "Phiên bản 2 thay phiên bản 1", "Version 2 that replaces version 1")
    sheet = bench.sheet(3)
    parts = split_document(bench.issue(sheet))
    crls = (bench.pki.crl(bench.pki.sub), bench.pki.crl(bench.pki.root))
    seal = _with_evidence(parts.signatures[-1], [bench.pki.sub.der], crls)
    data = document_bytes(parts.sheet, [*parts.signatures[:-1], seal])
    bench.know(sheet, data, "current")
    yield made("b-lt", data, "Con dấu kèm chứng thư và danh sách thu hồi (B-LT)", "The seal carries certificates and revocation lists (B-LT)")


def _with_evidence(seal: bytes, certificates: list[bytes], crls: tuple[bytes, ...]) -> bytes:
    start = seal.index(b'DER">', seal.index(b"EncapsulatedTimeStamp")) + 5
    token = b64decode(seal[start : seal.index(b"<", start)])
    return with_unsigned(without_unsigned(seal), token, certificates, crls)


def _team(bench: Bench) -> YearSheet:
    sheet = _few(bench.sheet(6), 2)
    first, second, *rest = sheet.responsible
    return replace(sheet, responsible=(replace(first, subjects=(*first.subjects, second.subjects[0])), second, *rest))


def _primary_teacher(bench: Bench) -> YearSheet:
    sheet = bench.sheet(3)
    person = ResponsiblePerson(GVBM, "Đỗ Thị Nhạc", "CB0099", "Giáo viên bộ môn", subjects=("am-nhac",))
    return replace(sheet, responsible=(person, *sheet.responsible))


def _octets(good: bytes) -> Iterator[Made]:
    """Bytes that no signature covers, and what must not reach a parser."""

    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        return Made(f"sai/byte/{name}.xml", data, tuple(rules.split()), False, vi, en)

    head, body = HEAD, good[len(HEAD) :]
    yield made("bom", b"\xef\xbb\xbf" + good, "HBS-1.06", "Có dấu thứ tự byte ở đầu tệp", "A byte order mark before the root")
    yield made("khai-bao", b'<?xml version="1.0" encoding="UTF-8"?>' + good, "HBS-1.07", "Có khai báo XML", "An XML declaration")
    yield made("xuong-dong-cuoi", good + b"\n", "HBS-1.14", "Có dấu xuống dòng sau </HocBaSo>", "A line end after </HocBaSo>")
    yield made("cach-dau", b" " + good, "HBS-1.14", "Có khoảng trắng trước thẻ gốc", "White space before the root")
    yield made("phien-ban-goc", swap('phienBan="1.0"', 'phienBan="1.1"')(good), "HBS-1.12", "Thẻ gốc ghi phiên bản khác", "The root's tag states another version")
    yield made("thuoc-tinh-goc", swap("<HocBaSo ", '<HocBaSo lang="vi" ')(good), "HBS-1.12", "Thẻ gốc có thêm thuộc tính", "One more attribute in the root's tag")
    yield made("chu-thich", swap("<DSCKS>", "<!-- ghi --><DSCKS>")(good), "HBS-1.09 HBS-1.13", "Có chú thích giữa tờ và DSCKS", "A comment between sheet and DSCKS")
    yield made("chi-thi", swap("<DSCKS>", "<?ghi x?><DSCKS>")(good), "HBS-1.10 HBS-1.13", "Có chỉ thị xử lý", "A processing instruction")
    yield made("dtd", b"<!DOCTYPE HocBaSo>" + good, "HBS-1.08", "Có DTD", "A DTD")
    bomb = b'<!DOCTYPE HocBaSo [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    yield made("thuc-the", bomb + good, "HBS-1.08", "Khai báo thực thể nhân lên", "Entities that multiply")
    yield made("xxe", b'<!DOCTYPE HocBaSo [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + good, "HBS-1.08", "Thực thể trỏ ra ngoài tệp", "An entity that points outside")
    yield made("sau-tang", head + b'<ToNamHoc Id="tnh">' + b"<a>" * 30 + b"</a>" * 30 + b"</ToNamHoc><DSCKS></DSCKS>" + TAIL, "HBS-1.04", "Quá nhiều tầng phần tử", "Too many levels of elements")
    yield made("nhieu-phan-tu", head + b'<ToNamHoc Id="tnh">' + b"<a></a>" * 20_100 + b"</ToNamHoc><DSCKS></DSCKS>" + TAIL, "HBS-1.03", "Quá nhiều phần tử", "Too many elements")
    cut = good.index(b"Truong") + 3
    yield made("cut", good[:cut], "HBS-1.14 HBS-1.17", "Tệp bị cắt giữa chừng", "The file is cut off")
    yield made("utf8-hong", swap("Trường", b"Tr\xff\xfeng")(good), "HBS-1.05", "Byte không phải UTF-8", "Bytes that are no UTF-8")
    yield made("cach-truoc-dscks", swap("<DSCKS>", " <DSCKS>")(good), "HBS-1.13", "Có khoảng trắng trước DSCKS", "White space before DSCKS")
    yield made("la-trong-dscks", swap("</DSCKS>", "<GhiChu>a</GhiChu></DSCKS>")(good), "HBS-2.03", "Phần tử lạ trong DSCKS", "A stranger inside DSCKS")
    yield made("cr", swap("</HocSinh><", "</HocSinh>\r<")(good), "HBS-1.15 HBS-1.23 HBS-5.01", "Ký tự CR giữa các phần tử", "A carriage return between elements")
    yield made("hai-to", head + body[: body.index(b"<DSCKS>")] + body, "HBS-1.13 HBS-2.02 HBS-2.04", "Hai tờ trong một tệp (bọc chữ ký)", "Two sheets in one file (signature wrapping)")
    yield made("goc-la", b'<HoSo xmlns="urn:hocbaso:1">' + body.replace(TAIL, b"</HoSo>"), "HBS-1.14 HBS-2.01", "Gốc không phải HocBaSo", "The root is not HocBaSo")


_SHEET_FAULTS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("khoang-trang", "><HocSinh>", "> <HocSinh>", "HBS-1.15", "Khoảng trắng giữa các phần tử", "White space between elements"),
    ("the-rong", "<NhanXet><GiaoVienChuNhiem>", "<NhanXet><X/><GiaoVienChuNhiem>", "HBS-1.16 HBS-2.05", "Phần tử lạ, viết <X/>", "An unknown element, written <X/>"),
    ("ky-tu-ma-hoa", "<DanToc>Kinh", "<DanToc>K&#105;nh", "HBS-1.18", "Ký tự viết bằng mã số &#105;", "A character reference &#105;"),
    ("thuoc-tinh", "<HocSinh>", '<HocSinh lop="3A">', "HBS-1.20", "Thuộc tính lạ trong tờ", "A foreign attribute in the sheet"),
    ("nhay-don", 'Id="mon-toan"', "Id='mon-toan'", "HBS-1.22", "Thuộc tính trong nháy đơn", "An attribute in single quotes"),
    ("cach-trong-the", "<HocSinh>", "<HocSinh >", "HBS-1.22", "Khoảng trắng trong thẻ", "White space in a tag"),
    ("phan-tu-la", "</HocSinh>", "<Email>a</Email></HocSinh>", "HBS-2.05", "Phần tử lạ", "An unknown element"),
    ("thieu-dan-toc", "<DanToc>Kinh</DanToc>", "", "HBS-2.06", "Thiếu phần tử bắt buộc DanToc", "The required DanToc is missing"),
    ("sai-thu-tu", "<DanToc>Kinh</DanToc><QuocTich>Việt Nam</QuocTich>", "<QuocTich>Việt Nam</QuocTich><DanToc>Kinh</DanToc>", "HBS-2.07", "Hai phần tử đổi chỗ", "Two elements change places"),
    ("lap", "<DanToc>Kinh</DanToc>", "<DanToc>Kinh</DanToc><DanToc>Kinh</DanToc>", "HBS-2.08", "Phần tử lặp lại", "An element stands twice"),
    ("id-mon", 'Id="mon-toan"', 'Id="mon-toan-2"', "HBS-2.09", "Id của MonHoc không theo mã môn", "The Id of a MonHoc is not that of its code"),
    ("ngoai-lai", "</HocSinh>", '</HocSinh><a xmlns="urn:la">x</a>', "HBS-1.21 HBS-2.10", "Phần tử của không gian tên khác", "An element of another namespace"),
    ("mau-trung-hoc", "</HoanThanh>", "</HoanThanh><KyLuat></KyLuat>", "HBS-2.11", "Phần của mẫu trung học trong tờ tiểu học", "A part of the secondary form in a primary sheet"),
    ("chu-xen", "<HocSinh>", "<HocSinh>ghi", "HBS-2.12", "Chữ đứng giữa các phần tử", "Text between elements"),
    ("phien-ban-dinh-dang", "<PhienBanDinhDang>1.0", "<PhienBanDinhDang>2.0", "HBS-3.01", "Phiên bản định dạng khác 1.0", "Another format version"),
    ("cap-hoc", "<CapHoc>1", "<CapHoc>4", "HBS-3.09", "Cấp học ngoài danh sách", "A school level that is none"),
    ("thay-the", "<PhienBan>1</PhienBan><MoiTruong>", f"<PhienBan>1</PhienBan><ThayThe>{'ab' * 32}</ThayThe><LyDoThayThe>Sai</LyDoThayThe><MoiTruong>", "HBS-3.04", "Phiên bản 1 lại thay thế bản khác", "Version 1 that replaces something"),
    ("thoi-diem", "2026-05-26T08:00:00Z", "2026-05-26T15:00:00+07:00", "HBS-3.05", "Thời điểm theo giờ địa phương", "An instant in local time"),
    ("bam-hoa", "<SoNgauNhien>3f", "<SoNgauNhien>3F", "HBS-3.06", "Số thập lục phân viết hoa", "Upper-case hex"),
    ("ngay", "<NgaySinh>2017-02-09", "<NgaySinh>2017-02-30", "HBS-3.07", "Ngày không có thật", "A date that does not exist"),
    ("gioi-tinh", "<GioiTinh>Nữ", "<GioiTinh>F", "HBS-3.09", "Giới tính ngoài danh sách", "A sex that is not in the list"),
    ("diem-11", "<DiemKiemTra>10", "<DiemKiemTra>11", "HBS-3.10", "Điểm ngoài khoảng 0–10", "A mark beyond 10"),
    ("so-nghi", "<CoPhep>2", "<CoPhep>02", "HBS-3.10", "Số có chữ số 0 ở đầu", "A number with a leading zero"),
    ("so-dinh-danh", "<SoDinhDanh>079317000123", "<SoDinhDanh>79317000123", "HBS-3.11", "Số định danh thiếu chữ số", "A personal number of 11 digits"),
    ("o-trong", "<DanToc>Kinh", "<DanToc>", "HBS-3.12", "Ô trống", "An empty cell"),
    ("xuong-dong", "<GiaoVienChuNhiem>Em ", "<GiaoVienChuNhiem>Em\n", "HBS-3.13", "Xuống dòng trong nhận xét", "A line break in a comment"),
    ("ky-tu-an", "<GiaoVienChuNhiem>Em ", "<GiaoVienChuNhiem>Em\u200b ", "HBS-3.14", "Ký tự không nhìn thấy", "A zero-width space"),
    ("hai-cach", "<GiaoVienChuNhiem>Em ", "<GiaoVienChuNhiem>Em  ", "HBS-3.15", "Hai khoảng trắng liền nhau", "Two spaces in a row"),
    ("nfd", "<DanToc>Kinh", "<DanToc>Ta\u0300y", "HBS-3.16", "Tiếng Việt tổ hợp (NFD)", "Decomposed Vietnamese (NFD)"),
    ("qua-dai", "<DanToc>Kinh", "<DanToc>" + "Kinh" * 76, "HBS-3.17", "Văn bản dài quá 300 ký tự", "More than 300 characters"),
)


def resigned(bench: Bench, text: bytes) -> bytes:
    """The document of a maker who signs whatever he wrote."""
    return document_bytes(text, bench.chain(text))


def _sheets(bench: Bench) -> Iterator[Made]:
    """Faults of the sheet that its maker signs properly."""
    for name, old, new, rules, vi, en in _SHEET_FAULTS:
        data = resigned(bench, swap(old, new)(emit(bench.sheet(3))))
        yield Made(f"sai/to/{name}.xml", data, tuple(rules.split()), False, vi, en)
    for name, sheet, change, rules, vi, en in _more_sheets(bench):
        data = bench.issue(sheet, change)
        yield Made(f"sai/to/{name}.xml", data, tuple(rules.split()), False, vi, en)


def _more_sheets(bench: Bench) -> Iterator[tuple[str, YearSheet, Callable[[bytes], bytes], str, str, str]]:
    sheet = bench.sheet(3)
    yield ("cdata", sheet, swap("<DanToc>Kinh", "<DanToc><![CDATA[Kinh]]>"), "HBS-1.11", "Văn bản trong CDATA", "Text in CDATA")
    yield ("ma-hoc-ba", sheet, lambda t: t.replace(sheet.code.encode(), sheet.code[:-1].encode() + (b"0" if sheet.code[-1] != "0" else b"1")), "HBS-3.02", "Sai ký tự kiểm tra của mã học bạ", "A wrong check character")
    lower = new_code(SchoolLevel.LOWER_SECONDARY, "79", "79000101", 2025, bytes(8))
    third = bench.sheet(3)
    yield ("cap-trong-ma", third, lambda t: t.replace(third.code.encode(), lower.encode()), "HBS-3.03", "Mã học bạ của cấp học khác", "The code of another school level")
    yield ("mon-nam-khac", bench.sheet(3), lambda t: t.replace(b"<PhienBan>1</PhienBan><NamHoc>2025-2026", b"<PhienBan>1</PhienBan><NamHoc>2024-2025", 1), "HBS-3.19", "Năm học trong một môn khác năm học của tờ", "The year in a subject is not that of the sheet")
    yield ("nam-hoc", bench.sheet(3), lambda t: t.replace(b"2025-2026", b"2025-2027"), "HBS-3.08", "Năm học không liền nhau", "A school year of two years")
    twice = bench.sheet(3)
    yield ("mon-hai-lan", twice, lambda t: t.replace(b'<MonHoc Id="mon-toan">', b'<MonHoc Id="mon-tieng-viet">').replace(b"<MaMon>toan", b"<MaMon>tieng-viet"), "HBS-2.04 HBS-3.18", "Một môn đứng hai lần", "A subject stands twice")
    yield ("diem-7.0", _few(bench.sheet(6)), swap("<HocKyI>7.5", "<HocKyI>7.0"), "HBS-3.21", "Điểm viết 7.0", "A mark written 7.0")
    yield ("diem-mon-nhan-xet", _few(bench.sheet(6)), swap("<HocKyI>7.5", "<HocKyI>Đ"), "HBS-3.20", "Môn tính điểm lại ghi Đ", "Đ in a subject with marks")
    yield ("dau-lon", bench.sheet(3), swap("<DanToc>Kinh", "<DanToc>K > M"), "HBS-1.19", "Dấu > không viết &gt;", "The sign > is not escaped")
    yield ("to-qua-lon", bench.sheet(3), lambda t: t.replace(b"<GhiChu>", b"<GhiChu>" + (b"<Dong>" + b"Em " * 180_000 + b"em</Dong>")), "HBS-1.02 HBS-3.17", "Tờ lớn hơn 512 KiB", "A sheet of more than 512 KiB")
    unknown = bench.sheet(3)
    person = b"<VaiTro>gvcn</VaiTro>"
    yield ("mon-ky-gvcn", unknown, lambda t: t[: (e := t.index(b"</Nguoi>", t.index(person)))] + b"<MonKy>toan</MonKy>" + t[e:], "HBS-3.22", "MonKy ghi cho giáo viên chủ nhiệm", "MonKy of a homeroom teacher")
    yield ("mon-ky-la", _few(bench.sheet(6)), swap("<MonKy>toan</MonKy>", "<MonKy>toan-cao-cap</MonKy>"), "HBS-3.23", "MonKy là môn không có trong tờ", "MonKy names a subject that is not there")


_Options = dict[str, object]


def _forms(bench: Bench) -> Iterator[Made]:
    """The form of one signature (the homeroom teacher's unless told), signed by the holder of the key."""

    def made(name: str, rules: str, vi: str, en: str, **options: _Options) -> Made:
        data = bench.issue(bench.sheet(3), **options)
        return Made(f"sai/chu-ky/{name}.xml", data, tuple(rules.split()), False, vi, en)

    key_value = b"<ds:KeyInfo><ds:KeyName>a</ds:KeyName>"
    yield made("id-la", "HBS-4.02 HBS-6.03", "Id của chữ ký không thuộc vai trò nào", "An Id that names no role", con_dau={"sid": "ck-xx"})
    yield made("c14n11", "HBS-4.04", "CanonicalizationMethod là C14N 1.1", "CanonicalizationMethod is C14N 1.1", gvcn={"info": swap(b'<ds:CanonicalizationMethod Algorithm="' + _C14N, b'<ds:CanonicalizationMethod Algorithm="' + _DS11)})
    yield made("sai-thu-tu", "HBS-4.03", "KeyInfo đứng sau ds:Object", "KeyInfo stands behind ds:Object", gvcn={"text": _key_info_last})
    yield made("rsa-sha1", "HBS-4.05", "SignatureMethod dùng SHA-1", "SignatureMethod with SHA-1", gvcn={"info": swap("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")})
    yield made("sai-loai-khoa", "HBS-4.06", "SignatureMethod ghi RSA, khóa là P-256", "SignatureMethod says RSA, the key is P-256", gvcn={"info": swap("#ecdsa-sha256", "#rsa-sha256")})
    yield made("transform", "HBS-4.07", "Transform là C14N 1.1", "A Transform of C14N 1.1", gvcn={"info": swap(b'<ds:Transform Algorithm="' + _C14N, b'<ds:Transform Algorithm="' + _DS11)})
    yield made("digest-method", "HBS-4.08", "DigestMethod không phải SHA-256", "DigestMethod is not SHA-256", gvcn={"info": swap(b'<ds:DigestMethod Algorithm="' + _SHA256, b'<ds:DigestMethod Algorithm="http://www.w3.org/2007/05/xmldsig-more#sha3-256')})
    yield made("key-name", "HBS-4.10", "KeyInfo có KeyName", "KeyInfo with KeyName", gvcn={"text": swap("<ds:KeyInfo>", key_value)})
    yield made("signing-time", "HBS-4.11", "SigningTime theo giờ địa phương", "SigningTime in local time", gvcn={"properties": swap("11:00:00Z", "18:00:00+07:00")})
    yield made("khong-signing-certificate", "HBS-4.12", "Thiếu SigningCertificateV2", "No SigningCertificateV2", gvcn={"properties": lambda t: t[: t.index(b"<xades:SigningCertificateV2>")] + t[t.index(b"<xades:SignaturePolicyIdentifier>") :]})
    yield made("chinh-sach", "HBS-4.13", "Chính sách ký khác", "Another signature policy", gvcn={"properties": swap("chinh-sach-ky:1", "chinh-sach-ky:9")})
    yield made("khong-vai-tro", "HBS-4.14", "Thiếu SignerRoleV2", "No SignerRoleV2", gvcn={"properties": lambda t: t[: t.index(b"<xades:SignerRoleV2>")] + t[t.index(b"</xades:SignedSignatureProperties>") :]})
    yield made("kieu-noi-dung", "HBS-4.15", "DataObjectFormat không phải text/xml", "DataObjectFormat is not text/xml", gvcn={"properties": swap("text/xml", "text/html")})
    yield made("target", "HBS-4.16", "QualifyingProperties trỏ tới chữ ký khác", "QualifyingProperties targets another signature", gvcn={"text": swap('Target="#ck-cn"', 'Target="#ck-ht"')})
    yield made("hai-object", "HBS-4.17", "Hai ds:Object", "Two ds:Object", gvcn={"text": swap("</ds:Object></ds:Signature>", "</ds:Object><ds:Object></ds:Object></ds:Signature>")})
    yield _stranger(bench)
    yield made("dau-thoi-gian-nguoi", "HBS-4.19", "Chữ ký của người mang dấu thời gian riêng", "A person's signature with a time stamp", gvcn={"text": bench.stamp})
    yield made("base64-ngat-dong", "HBS-4.20", "Giá trị chữ ký ngắt dòng", "The signature value is broken into lines", gvcn={"text": lambda t: t.replace(b'-sv">', b'-sv">\n', 1)})
    yield made("id-gia-tri", "HBS-4.21", "Reference dữ liệu không có Id theo mẫu", "A data Reference with another Id", gvcn={"info": swap('Id="ck-cn-r0"', 'Id="ck-cn-x0"')})
    yield made("tro-ra-ngoai", "HBS-4.22 HBS-5.05", "Reference trỏ ra ngoài tệp", "A Reference outside the document", gvcn={"info": swap('URI="#tnh"', 'URI="hocba.xml"')})
    yield made("khai-bao-thua", "HBS-4.23", "Khai báo không gian tên thừa trong chữ ký", "A needless namespace declaration", gvcn={"text": swap("<ds:KeyInfo>", '<ds:KeyInfo xmlns:a="urn:a">')})
    yield made("cach-trong-chu-ky", "HBS-4.24", "Khoảng trắng giữa các phần của chữ ký", "White space between parts of a signature", gvcn={"text": swap("<ds:KeyInfo>", " <ds:KeyInfo>")})
    weak = bench.pki.make("Khóa P-384", bench.pki.sub)
    weak = Holder(bench.pki.make("Khóa P-384 thật", bench.pki.sub, key=curve("P-384", "P-384")).certificate, weak.key, weak.chain)
    good = bench.holders[GVCN]
    data = bench.issue(bench.sheet(3))
    yield Made("sai/chu-ky/khoa-p384.xml", data.replace(b64encode(good.der), b64encode(weak.der), 1), ("HBS-5.07", "HBS-7.02"), False, "Chứng thư của khóa P-384 thay vào", "A certificate of a P-384 key put in")
    broken = b64encode(good.der[:200])
    yield Made("sai/chu-ky/chung-thu-hong.xml", data.replace(b64encode(good.der), broken, 1), ("HBS-5.07", "HBS-7.01"), False, "Chứng thư số bị cắt", "A certificate that is cut off")


def _key_info_last(text: bytes) -> bytes:
    start, end = text.index(b"<ds:KeyInfo>"), text.index(b"<ds:Object>")
    close = b"</ds:Signature>"
    return text[:start] + text[end : -len(close)] + text[start:end] + close


def _stranger(bench: Bench) -> Made:
    data = bench.issue(bench.sheet(3)).replace(b"</xades:UnsignedSignatureProperties>", b"<xades:CounterSignature></xades:CounterSignature></xades:UnsignedSignatureProperties>")
    return Made("sai/chu-ky/khong-ky-la.xml", data, ("HBS-4.18",), False, "Phần không ký của con dấu có thứ lạ", "The seal's unsigned properties hold a stranger")


def _bindings(bench: Bench, good: bytes) -> Iterator[Made]:
    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        return Made(f"sai/rang-buoc/{name}.xml", data, tuple(rules.split()), False, vi, en)

    yield made("sua-diem", swap("<DiemKiemTra>9", "<DiemKiemTra>8")(good), "HBS-5.01", "Điểm bị sửa sau khi ký", "A mark altered after signing")
    secondary = bench.issue(_few(bench.sheet(6)))
    yield made("sua-mon", swap("<HocKyI>7.5", "<HocKyI>8.5")(secondary), "HBS-5.01 HBS-5.02", "Điểm một môn bị sửa sau khi giáo viên môn ký", "A subject's mark altered after its teacher signed")
    yield made("sua-gio-ky", swap("11:00:00Z", "11:00:01Z")(good), "HBS-5.03", "Giờ ký bị sửa", "The signing time altered")
    parts = split_document(good)
    other = bench.issue(bench.sheet(3), gvcn={"at": T0 + timedelta(hours=1)})
    sheet = bench.sheet(3)
    text = emit(sheet)
    objects = [("tnh", _digest(text))]
    early = bench.sign(GVCN, objects, at=T0 + timedelta(minutes=30))
    late = bench.chain(text)
    yield made("doi-chu-ky-truoc", document_bytes(text, [early, *late[1:]]), "HBS-5.04", "Chữ ký chủ nhiệm bị thay bằng lần ký khác", "The homeroom teacher's signature exchanged")
    plain = bench.sign(GVCN, objects)
    head = bench.sign(HT, objects)
    seal = bench.stamp(bench.sign(CD, objects, [head]))
    yield made("khong-gan-buoc-truoc", document_bytes(text, [plain, head, seal]), "HBS-5.05", "Hiệu trưởng không ký kèm chữ ký chủ nhiệm", "The principal does not sign the homeroom teacher's value")
    yield made("gia-tri-sai", _spoil(good), "HBS-5.04 HBS-5.06", "Giá trị chữ ký bị sửa", "The signature value altered")
    stranger = bench.holders[HT]
    yield made("khoa-khac", bench.issue(bench.sheet(3), gvcn={"text": swap(b64encode(bench.holders[GVCN].der), b64encode(stranger.der))}), "HBS-5.06 HBS-5.07", "Chứng thư của người khác thay vào", "Another person's certificate put in")
    yield made("vai-tro-khac", bench.issue(bench.sheet(3), gvcn={"claimed": "hieu_truong"}), "HBS-5.08", "Vai trò tự nhận khác Id", "The claimed role is not the Id's")
    yield made("ghep-to", document_bytes(split_document(other).sheet, parts.signatures), "HBS-5.01", "Chữ ký của tờ khác ghép sang", "Signatures taken from another sheet")


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(canonical_sheet(text)).digest()


def _spoil(data: bytes) -> bytes:
    start = data.index(b'Id="ck-cn-sv">') + len(b'Id="ck-cn-sv">')
    value = bytearray(b64decode(data[start : data.index(b"<", start)]))
    value[5] ^= 1
    return data[:start] + b64encode(bytes(value)) + data[data.index(b"<", start) :]


def _orders(bench: Bench) -> Iterator[Made]:
    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        return Made(f"sai/thu-tu/{name}.xml", data, tuple(rules.split()), False, vi, en)

    text = emit(bench.sheet(3))
    first, second, seal = bench.chain(text)
    yield made("doi-cho", document_bytes(text, [second, first, seal]), "HBS-6.01", "Hiệu trưởng đứng trước chủ nhiệm", "The principal stands before the homeroom teacher")
    yield made("ky-hai-lan", document_bytes(text, [first, first, second, seal]), "HBS-2.04 HBS-5.05 HBS-6.02", "Chủ nhiệm ký hai lần", "The homeroom teacher signs twice")
    yield made("thieu-con-dau", document_bytes(text, [first, second]), "HBS-6.03", "Chưa có con dấu", "No seal yet")
    yield made("chua-ky", document_bytes(text, []), "HBS-6.03", "Tờ chưa có chữ ký nào", "A draft without signatures")
    yield made("thieu-chu-nhiem", document_bytes(text, [second, seal]), "HBS-5.05 HBS-6.03", "Chữ ký chủ nhiệm bị bỏ đi", "The homeroom teacher's signature taken away")
    sheet = _few(bench.sheet(6))
    body = emit(sheet)
    one, two = bench.teachers_of(sheet, body)
    yield made("mon-doi-cho", document_bytes(body, [two, one, *bench.chain(body, [two, one])]), "HBS-6.04", "Giáo viên môn học không theo thứ tự môn", "Subject teachers out of the order of subjects")
    yield made("thieu-mon", document_bytes(body, [one, *bench.chain(body, [one])]), "HBS-6.05", "Nhiều môn chưa có giáo viên môn học ký", "Subjects that nobody signed")
    team = _team(bench)
    body = emit(team)
    made_by = bench.teachers_of(team, body)
    yield made("day-nhom-thieu", document_bytes(body, [made_by[0], *bench.chain(body, made_by[:1])]), "HBS-6.05", "Môn dạy nhóm chỉ một người ký", "Only one of a team signed")
    yield made("khong-dau-thoi-gian", document_bytes(text, bench.chain(text, stamp=False)), "HBS-8.01", "Con dấu không có dấu thời gian", "The seal has no time stamp")
    yield made("dau-thoi-gian-khac", document_bytes(text, [*bench.chain(text, stamp=False)[:2], bench.stamp(bench.chain(text, stamp=False)[-1], imprint=bytes(range(32)))]), "HBS-8.03", "Dấu thời gian của chữ ký khác", "The time stamp of something else")
    yield made("tuong-lai", _stamped(bench, at=STAMPED + 90 * DAY), "HBS-8.04", "Dấu thời gian ở tương lai", "A time stamp from the future")
    yield made("dau-hong", _stamped(bench, spoil=True), "HBS-8.02", "Dấu thời gian không đọc được", "A token that cannot be read")
    yield made("dau-sai-chu-ky", _stamped(bench, tail=True), "HBS-8.08", "Chữ ký của dấu thời gian sai", "A token whose signature is wrong")
    yield made("ky-truoc-chot", bench.issue(bench.sheet(3), gvcn={"at": T0 - 5 * DAY}), "HBS-8.05", "Giờ ký sớm hơn lúc chốt tờ", "Signed before the sheet was frozen")
    yield made("ky-sau-dau", bench.issue(bench.sheet(3), con_dau={"at": STAMPED + DAY}), "HBS-8.06", "Giờ ký muộn hơn dấu thời gian", "Signed after the time stamp")


def _stamped(bench: Bench, at: object = STAMPED, *, spoil: bool = False, tail: bool = False) -> bytes:
    text = emit(bench.sheet(3))
    first, second, seal = bench.chain(text, stamp=False)
    sealed = bench.stamp(seal, at)  # type: ignore[arg-type]
    if spoil or tail:
        start = sealed.index(b'#DER">') + 6
        token = bytearray(b64decode(sealed[start : sealed.index(b"<", start)]))
        token[4 if spoil else -3] ^= 1
        sealed = with_unsigned(seal, bytes(token))
    return document_bytes(text, [first, second, sealed])


def _standings(bench: Bench) -> Iterator[Made]:
    """What only the bundle knows."""

    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        return Made(f"sai/tin-cay/{name}.xml", data, tuple(rules.split()), True, vi, en)

    def by(holder: Holder, register: bool = True, **more: object) -> bytes:
        if register:
            bench.extra.append(bench.register_holder(holder, GVCN, "Chủ nhiệm khác", "79000101", **more))
        return bench.issue(bench.sheet(3), known="current", gvcn={"holder": holder})

    make, sub = bench.pki.make, bench.pki.sub
    yield made("het-han", by(make("Hết hạn", sub, ends=T0 - DAY)), "HBS-7.05", "Chứng thư hết hạn lúc ký", "The certificate had expired")
    yield made("chua-hieu-luc", by(make("Chưa hiệu lực", sub, begins=T0 + DAY)), "HBS-7.05", "Chứng thư chưa có hiệu lực", "The certificate was not yet valid")
    revoked = make("Bị thu hồi", sub)
    bench.revoked.append((revoked, T0 - DAY))
    yield made("thu-hoi", by(revoked), "HBS-7.06", "Chứng thư đã bị thu hồi", "The certificate was revoked")
    yield made("khong-de-ky", by(make("Không để ký", sub, signing=False)), "HBS-7.03", "Chứng thư không dùng để ký", "A certificate not made for signing")
    foreign = bench.stranger.make("Nơi cấp lạ", bench.stranger.sub)
    yield made("goc-la", by(foreign, register=False), "HBS-7.04 HBS-7.09", "Chứng thư của nơi cấp không tin cậy", "A certificate of an untrusted authority")
    yield made("khong-dang-ky", by(make("Không đăng ký", sub), register=False), "HBS-7.09", "Người ký không có trong danh bạ", "The signer is not registered")
    yield made("lop-khac", by(make("Lớp khác", sub), class_name="3B"), "HBS-7.09", "Người ký được giao lớp khác", "The signer is registered for another class")
    official = bench.sheet(3, environment="chinh_thuc")
    yield made("chinh-thuc", bench.issue(official, known="current"), "HBS-7.10", "Tờ chính thức ký bằng chứng thư thử nghiệm", "A genuine sheet with sandbox certificates")
    sheet = _few(bench.sheet(6))
    text = emit(sheet)
    wanted = [p for p in sheet.responsible if p.subjects]
    other = bench.teacher("CB0077", "Giáo viên dạy thay")
    teachers = [bench.teach(text, wanted[0].subjects, other), bench.teachers_of(sheet, text)[1]]
    data = document_bytes(text, [*teachers, *bench.chain(text, teachers)])
    bench.know(sheet, data, "current")
    yield made("ky-thay", data, "HBS-7.11", "Người ký môn không phải người tờ nêu", "The subject is signed by somebody else than named")
    plain = make("Không phải nơi cấp dấu", sub)
    sheet = bench.sheet(3)
    text = emit(sheet)
    first, second, seal = bench.chain(text, stamp=False)
    data = document_bytes(text, [first, second, bench.stamp(seal, tsa=plain)])
    bench.know(sheet, data, "current")
    yield made("tsa-sai-muc-dich", data, "HBS-8.07", "Nơi cấp dấu thời gian không được cấp cho việc ấy", "The stamping certificate is not made for it")
    sheet = bench.sheet(3)
    parts = split_document(bench.issue(sheet))
    spoiled = bytearray(bench.pki.crl(bench.pki.sub))
    spoiled[-3] ^= 1
    seal = _with_evidence(parts.signatures[-1], [], (bytes(spoiled),))
    data = document_bytes(parts.sheet, [*parts.signatures[:-1], seal])
    bench.know(sheet, data, "current")
    yield made("chung-cu-hong", data, "HBS-8.09", "Danh sách thu hồi kèm con dấu bị sửa", "A revocation list beside the seal was altered")
    for state, rules in (("replaced", "HBS-9.03 HBS-9.04"), ("revoked", "HBS-9.03")):
        data = bench.issue(bench.sheet(3), known=state)
        yield made(state, data, rules, f"Bản đã {'bị thay thế' if state == 'replaced' else 'bị thu hồi'}", f"The version was {state}")
    sheet = bench.sheet(3)
    bench.issue(sheet, known="current")
    twin = replace(sheet, nonce=f"{seed('twin'):064x}")
    yield made("ban-khac", bench.issue(twin), "HBS-9.01 HBS-9.02", "Cùng mã và phiên bản nhưng nội dung khác bản phát hành", "Same code and version, other content than issued")


def _packages(good: bytes, other: bytes) -> Iterator[Made]:
    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        where = "sai" if rules else "dung"
        return Made(f"{where}/goi/{name}.zip", data, tuple(rules.split()), True, vi, en)

    both = _zip([("a.xml", good), ("b.xml", other)])
    yield made("hai-to", both, "", "Gói hai tờ", "A package of two sheets")
    yield made("hong", both[:-30], "HBS-10.01", "Gói bị cắt", "A package that is cut off")
    yield made("tep-la", _zip([("a.xml", good), ("ghi-chu.txt", b"x")]), "HBS-10.03", "Gói có tệp không phải XML", "An entry that is no XML")
    yield made("thoat", _zip([("../a.xml", good)]), "HBS-10.04", "Tên tệp thoát ra ngoài gói", "A name that leads outside")
    yield made("rong", _zip([]), "HBS-10.05", "Gói rỗng", "An empty package")
    yield made("trung", _zip([("a.xml", good), ("b.xml", good)]), "HBS-10.06", "Một tờ đứng hai lần", "A sheet stands twice")


def _archives(bench: Bench) -> Iterator[Made]:
    """B-LTA: archive time stamps, and what may go wrong with them."""
    sheet = bench.sheet(3)
    parts = split_document(bench.issue(sheet))
    stored = without_unsigned(parts.signatures[-1])
    crls = (bench.pki.crl(bench.pki.sub), bench.pki.crl(bench.pki.root))
    token = read_signature(parts.signatures[-1]).unsigned.time_stamp
    lasting = Unsigned(token, (bench.pki.sub.der,), crls[:1], (), ValidationData((bench.pki.root.der,), crls[1:]))

    def document(unsigned: Unsigned) -> bytes:
        return document_bytes(parts.sheet, [*parts.signatures[:-1], with_properties(stored, unsigned)])

    def archived(unsigned: Unsigned, days: int) -> Unsigned:
        known = referable(parts.sheet, parts.signatures)
        imprint = archive_digest(read_signature(with_properties(stored, unsigned)), known, len(unsigned.archive), "sha256")
        stamp = ArchiveStamp(bench.token(imprint, STAMPED + days * DAY))
        return replace(unsigned, archive=(*unsigned.archive, stamp))

    once = archived(lasting, 1)
    twice = archived(once, 2)
    bench.know(sheet, document(twice), "current")
    yield Made("dung/b-lta.xml", document(twice), (), True, "Con dấu có hai dấu thời gian lưu trữ nối tiếp (B-LTA)", "The seal carries two archive time stamps in a row (B-LTA)")

    def made(name: str, data: bytes, rules: str, vi: str, en: str) -> Made:
        return Made(f"sai/luu-tru/{name}.xml", data, tuple(rules.split()), True, vi, en)

    first, second = twice.archive
    yield made("doi-cho", document(replace(twice, archive=(second, first))), "HBS-8.10", "Hai dấu thời gian lưu trữ bị đổi chỗ", "Two archive time stamps changed places")
    yield made("bot-thu-hoi", document(replace(once, crls=())), "HBS-8.10", "Bớt danh sách thu hồi mà dấu thời gian lưu trữ đã phủ", "A revocation list under the archive time stamp was taken out")
    yield made("di-lui", document(archived(archived(lasting, 2), 1)), "HBS-8.10", "Dấu thời gian lưu trữ sau ghi giờ sớm hơn dấu trước", "An archive time stamp earlier than the one before it")
    text = document(once)
    start = text.index(b"<xades141:ArchiveTimeStamp")
    end = text.index(b"</xades141:ArchiveTimeStamp>") + len(b"</xades141:ArchiveTimeStamp>")
    place = text.index(b"<xades:CertificateValues>", text.index(b"</xades141:TimeStampValidationData>"))
    yield made("sai-cho", text[:place] + text[start:end] + text[place:start] + text[end:], "HBS-4.18", "Dấu thời gian lưu trữ đứng trước chứng thư mà nó phải phủ", "The archive time stamp stands before the certificates")


def _zip(entries: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (2026, 6, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, data)  # stored: the set as a whole is compressed
    return out.getvalue()
