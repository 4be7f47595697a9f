"""PDF/A-3 rendition of transcripts by Typst: the ministry's paper form, drawn from the stored bytes."""

from hocbaso.engines.rendering.booklet import render_booklet, render_sheet
from hocbaso.engines.rendering.fonts import printable_codepoints, require_printable, unprintable
from hocbaso.engines.rendering.forms import head_of
from hocbaso.engines.rendering.printable import require_printable_sheet
from hocbaso.engines.rendering.views import Booklet, SealStamp, SheetView, SignatureStamp

__all__ = [
    "Booklet",
    "SealStamp",
    "SheetView",
    "SignatureStamp",
    "head_of",
    "printable_codepoints",
    "render_booklet",
    "render_sheet",
    "require_printable",
    "require_printable_sheet",
    "unprintable",
]
