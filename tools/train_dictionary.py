"""Train the dictionary of stored year sheets: ``python tools/train_dictionary.py NUMBER FILE``.

Reads the year sheets of the node at HOCBASO_HOME (the sample schools). What people are called, their numbers,
dates, addresses and comments are taken out first: a dictionary is published with the program and holds the
form and its fixed words only. A dictionary that has been released is never trained again.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import django
import zstandard

SIZE = 32 * 1024
_PERSONAL = re.compile(
    rb"<(SoDinhDanh|HoVaTen|NgaySinh|MaHocSinh|MaHocBa|SoNgauNhien|NoiSinh|QueQuan|NoiThuongTru|NoiOHienNay|"
    rb"GiaoVien|MaCanBo|HoTenCha|HoTenMe|Cha|Me|NguoiGiamHo|GiaoVienChuNhiem|NhanXet|MaTruong|TenTruong|"
    rb"NgheNghiepCha|NgheNghiepMe|ThoiDiemChot|NgayVao|Lop|MaXa|Xa|DiaDanh|GhiChu|CuocThi)>[^<]+<"
)


def main() -> None:
    """Train and write."""
    number, file = int(sys.argv[1]), Path(sys.argv[2])
    os.environ["DJANGO_SETTINGS_MODULE"] = "hocbaso.config.settings"
    django.setup()
    from hocbaso.apps.transcripts.models import YearSheet

    texts = [_PERSONAL.sub(rb"<\1><", bytes(row.body)) for row in YearSheet.objects.order_by("pk").iterator()]
    trained = zstandard.train_dictionary(SIZE, texts, level=9, dict_id=number)
    file.write_bytes(trained.as_bytes())
    sys.stdout.write(f"{len(texts)} sheets, {len(trained)} bytes\n")


if __name__ == "__main__":
    main()
