"""QR codes on pages: plain SVG, no style attribute (strict CSP)."""

from __future__ import annotations

import re

import zxingcpp
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_SIZE = re.compile(r'<svg width="(\d+)" height="(\d+)"')
_PATH = re.compile(r'<path d="([MmhvHVZz0-9 .-]+)"')


def svg(text: str, label: str) -> SafeString:
    """The code as an inline image with ``label`` as its words."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_svg()
    size, path = _SIZE.search(made), _PATH.search(made)
    assert size is not None
    assert path is not None
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}"><rect class="qr-ground" width="{}" '
        'height="{}"/><path d="{}"/></svg>',
        size[1],
        size[2],
        label,
        size[1],
        size[2],
        mark_safe(path[1]),  # noqa: S308  digits and path letters only, by the pattern above
    )
