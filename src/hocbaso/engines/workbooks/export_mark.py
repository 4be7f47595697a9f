"""Writes who took a workbook out, when and under which number into a finished ``.xlsx``.

The package's parts are changed in place, so that nothing else of the workbook (drop-downs, comments, hidden
sheets, formats) is read and written again: what a re-import sees stays byte for byte the same.
"""

from __future__ import annotations

import io
import zipfile

from lxml import etree

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DC = "http://purl.org/dc/elements/1.1/"
#: The hidden defined name that holds the export number.
DEFINED_NAME = "_hocbaso_xuat"
#: What may stand before ``headerFooter`` and ``definedNames`` (ECMA-376 part 1, 18.3.1.99 and 18.2.27).
_BEFORE_FOOTER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
    *("sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate"),
    *("customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations"),
    *("hyperlinks", "printOptions", "pageMargins", "pageSetup"),
)
_BEFORE_NAMES = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences"),
)
_FOOTER_LIMIT = 255  # characters that Excel takes


def mark_xlsx(content: bytes, *, line: str, number: str) -> bytes:
    """The same workbook with ``line`` printed on every page and kept in its properties, and ``number`` in a
    hidden defined name. Same input, same bytes.

    :raises ValueError: no workbook.
    """
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
            for entry in old.infolist():
                data = old.read(entry)
                if entry.filename.startswith("xl/worksheets/sheet") and entry.filename.endswith(".xml"):
                    data = _with_footer(data, line, number)
                elif entry.filename == "xl/workbook.xml":
                    data = _with_name(data, number)
                elif entry.filename == "docProps/core.xml":
                    data = _with_property(data, line, number)
                new.writestr(entry, data, compress_type=zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, etree.XMLSyntaxError) as broken:
        raise ValueError("not a workbook") from broken
    return out.getvalue()


def _parsed(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _placed(root: etree._Element, tag: str, before: tuple[str, ...]) -> etree._Element:
    """The child ``tag``, made at its place in the sequence where there is none."""
    found = root.find(f"{{{_MAIN}}}{tag}")
    if found is not None:
        return found
    made = etree.Element(f"{{{_MAIN}}}{tag}")
    names = {f"{{{_MAIN}}}{name}" for name in before}
    index = max((i + 1 for i, child in enumerate(root) if child.tag in names), default=0)
    root.insert(index, made)
    return made


def _with_footer(data: bytes, line: str, number: str) -> bytes:
    """The line at the foot; where the writer has a footer of its own, in the head; nothing twice."""
    root = _parsed(data)
    place = _placed(root, "headerFooter", _BEFORE_FOOTER)
    if any(number in (child.text or "") for child in place):
        return data
    text = f"&L&8{line.replace('&', '&&')}"[:_FOOTER_LIMIT]
    header, footer = place.find(f"{{{_MAIN}}}oddHeader"), place.find(f"{{{_MAIN}}}oddFooter")
    if footer is None:
        footer = etree.Element(f"{{{_MAIN}}}oddFooter")
        place.insert(0 if header is None else 1, footer)
        footer.text = text
    elif header is None:
        header = etree.Element(f"{{{_MAIN}}}oddHeader")
        place.insert(0, header)
        header.text = text
    else:
        footer.text = text  # both taken: who took it out counts for more than page numbers
    return _written(root)


def _with_name(data: bytes, number: str) -> bytes:
    root = _parsed(data)
    names = _placed(root, "definedNames", _BEFORE_NAMES)
    for old in names:
        if old.get("name") == DEFINED_NAME:
            names.remove(old)
    made = etree.SubElement(names, f"{{{_MAIN}}}definedName", name=DEFINED_NAME, hidden="1")
    made.text = f'"{number}"'
    return _written(root)


def _with_property(data: bytes, line: str, number: str) -> bytes:
    root = _parsed(data)
    for tag, text in ((f"{{{_DC}}}description", line), (f"{{{_CORE}}}keywords", number)):
        found = root.find(tag)
        if found is None:
            found = etree.SubElement(root, tag)
        found.text = text
    return _written(root)
