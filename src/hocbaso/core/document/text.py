"""What text may stand in a signed sheet, and which characters the form's font cannot print.

One byte stream per content (``trust.md`` section 1): text is NFC, its only white space is a single U+0020
between words, and nothing invisible hides in it. Nothing is corrected here: what is not exact is refused.
"""

from __future__ import annotations

import re
import unicodedata

from hocbaso.core.errors import DomainError, register

#: Longest text of a form's cell and of a comment or explanation, in code points (the XSD says the same).
SHORT_TEXT = 300
LONG_TEXT = 4000

# Controls (Cc), format characters (Cf: bidirectional overrides, zero-width, soft hyphen), separators other
# than the space, private use, surrogates, non-characters: XML cannot hold some, eyes cannot see the others.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\ud800-\udfff\ue000-\uf8ff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff]"
)
_LINE_BREAK = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]")

register(
    {
        "document_text_empty": (
            "Mục “{field}” đang để trống; mục không áp dụng thì ghi “không”.",
            "{field}: the text is empty; absent values are None, inapplicable ones “không”.",
        ),
        "document_text_line_break": (
            "Mục “{field}” có ký tự xuống dòng hoặc tab; thầy cô viết liền trên một dòng.",
            "{field}: line breaks and tabs are not allowed.",
        ),
        "document_text_character": (
            "Mục “{field}” có ký tự không nhìn thấy hoặc không được phép ({point}); thầy cô gõ lại nội dung.",
            "{field}: the character {point} is not allowed.",
        ),
        "document_text_space": (
            "Mục “{field}” có khoảng trắng thừa ở đầu, ở cuối hoặc hai khoảng trắng liền nhau; chỉ được một "
            "khoảng trắng giữa các từ.",
            "{field}: leading, trailing or repeated spaces.",
        ),
        "document_text_not_nfc": (
            "Mục “{field}” viết bằng tiếng Việt tổ hợp; thầy cô chuyển sang Unicode dựng sẵn (NFC).",
            "{field}: the text is not in Unicode normalisation form C.",
        ),
        "document_text_too_long": (
            "Mục “{field}” dài {length} ký tự; tối đa là {limit}.",
            "{field}: {length} characters, at most {limit} are allowed.",
        ),
    }
)


def check_text(text: str, *, field: str = "nội dung", limit: int = LONG_TEXT) -> str:
    """Return ``text`` unchanged if it may stand in a signed sheet.

    :param field: the Vietnamese name of the field, for the sentence shown.
    :param limit: greatest length in code points.
    :raises DomainError: ``document_text_empty``, ``_line_break``, ``_character``, ``_space``, ``_not_nfc``
        or ``_too_long``.
    """
    if not text:
        raise DomainError("document_text_empty", field=field)
    bad = _INVISIBLE.search(text)
    if bad:
        if _LINE_BREAK.search(text):
            raise DomainError("document_text_line_break", field=field)
        raise DomainError("document_text_character", field=field, point=f"U+{ord(bad[0]):04X}")
    if text[0] == " " or text[-1] == " " or "  " in text:
        raise DomainError("document_text_space", field=field)
    if not unicodedata.is_normalized("NFC", text):
        raise DomainError("document_text_not_nfc", field=field)
    if len(text) > limit:
        raise DomainError("document_text_too_long", field=field, length=len(text), limit=limit)
    return text
