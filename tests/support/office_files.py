"""Office files made by hand, as small as LibreOffice takes them, and such as nobody should take."""

from collections.abc import Mapping
from io import BytesIO
from struct import pack
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

WORDS = "Agreement of lease"
BLANK = "Signed: ____________________"

_OOXML = "application/vnd.openxmlformats-officedocument"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
_R = f'xmlns:r="{_OFFICE}"'
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"

MAIN_PARTS = {
    "docx": f"{_OOXML}.wordprocessingml.document.main+xml",
    "xlsx": f"{_OOXML}.spreadsheetml.sheet.main+xml",
    "pptx": f"{_OOXML}.presentationml.presentation.main+xml",
}
ODF_TYPES = {
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
_MAIN_PATHS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}


def zipped(members: Mapping[str, str | bytes], *, stored: frozenset[str] = frozenset({"mimetype"})) -> bytes:
    """A ZIP of these members, in this order."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as folder:
        for name, content in members.items():
            folder.writestr(ZipInfo(name), content, ZIP_STORED if name in stored else ZIP_DEFLATED)
    return file.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """Of a ZIP, by name."""
    with ZipFile(BytesIO(data)) as folder:
        return {name: folder.read(name) for name in folder.namelist()}


def ooxml(
    kind: str,
    parts: Mapping[str, str | bytes],
    *,
    main_part: str | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    defaults: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
) -> bytes:
    """A package of Open XML.

    `links`: of the main part, by id: the last word of their type, and the target; one with a colon lies outside.
    `defaults`: content types by ending; `types`: by part.
    """
    main = _MAIN_PATHS[kind]
    folder, _, name = main.rpartition("/")
    endings = {"rels": "application/vnd.openxmlformats-package.relationships+xml", "xml": "application/xml"}
    overrides = {main: main_part or MAIN_PARTS[kind], **(types or {})}
    content_types = "".join(
        [
            f'<Default Extension="{ending}" ContentType="{each}"/>'
            for ending, each in {**endings, **(defaults or {})}.items()
        ]
        + [f'<Override PartName="/{part}" ContentType="{each}"/>' for part, each in overrides.items()]
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/content-types"
    return zipped(
        {
            "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{namespace}">{content_types}</Types>',
            "_rels/.rels": _relations({"rId1": ("officeDocument", main)}),
            f"{folder}/_rels/{name}.rels": _relations(links or {}),
            **parts,
        }
    )


def _relations(links: Mapping[str, tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{escape(target)}"{_external(target)}/>'
        for name, (kind, target) in links.items()
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}">{rows}</Relationships>'


def _external(target: str) -> str:
    return ' TargetMode="External"' if ":" in target else ""


def docx(
    *paragraphs: str,
    inside: str = "",
    links: Mapping[str, tuple[str, str]] | None = None,
    more: Mapping[str, str | bytes] | None = None,
    main_part: str | None = None,
) -> bytes:
    """A text of Word; `inside` is XML of its body."""
    body = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{escape(each)}</w:t></w:r></w:p>' for each in paragraphs or (WORDS, BLANK)
    )
    document = f'<?xml version="1.0"?><w:document {_W} {_R}><w:body>{body}{inside}</w:body></w:document>'
    return ooxml("docx", {"word/document.xml": document, **(more or {})}, links=links, main_part=main_part)


def picture_at(link: str) -> str:
    """XML of a paragraph of Word with a picture that lies behind a link of this id."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    size = 'cx="900000" cy="900000"'
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing"><wp:extent {size}/>'
        f'<wp:docPr id="1" name="p"/><a:graphic {_A}><a:graphicData uri="{drawing}/picture">'
        f'<pic:pic xmlns:pic="{drawing}/picture"><pic:nvPicPr><pic:cNvPr id="0" name="p"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:link="{link}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr>'
        "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def docx_with_picture(png: bytes) -> bytes:
    """A text of Word that brings a picture along."""
    parts = {**members(docx(WORDS, inside=picture_at("rId7").replace("r:link", "r:embed"))), "word/media/p.png": png}
    kept = {name: parts[name] for name in ("word/document.xml", "word/media/p.png")}
    return ooxml("docx", kept, links={"rId7": ("image", "media/p.png")}, defaults={"png": "image/png"})


def field_of_word(code: str) -> str:
    """XML of a paragraph of Word with a field, such as one that includes another file."""
    parts = (
        *('<w:fldChar w:fldCharType="begin"/>', f"<w:instrText>{escape(code)}</w:instrText>"),
        *('<w:fldChar w:fldCharType="separate"/>', "<w:t>old</w:t>", '<w:fldChar w:fldCharType="end"/>'),
    )
    return "<w:p>" + "".join(f"<w:r>{part}</w:r>" for part in parts) + "</w:p>"


def xlsx(*rows: str) -> bytes:
    """A sheet of Excel with a text in each row."""
    cells = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c></row>'
        for number, text in enumerate(rows or (WORDS, BLANK), start=1)
    )
    return _sheet(cells)


def xlsx_of_a_date(*, days: int) -> bytes:
    """A sheet of one cell: so many days since 1899-12-30, in the short form that each country has its own of."""
    once = "".join(f'<{name}s count="1"><{name}/></{name}s>' for name in ("font", "fill", "border"))
    forms = '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14"/></cellXfs>'
    styles = f'<?xml version="1.0"?><styleSheet xmlns="{_SHEETS}">{once}{forms}</styleSheet>'
    return _sheet(f'<row r="1"><c r="A1" s="1"><v>{days}</v></c></row>', styles=styles)


def _sheet(rows: str, *, styles: str = f'<styleSheet xmlns="{_SHEETS}"/>') -> bytes:
    columns = '<cols><col min="1" max="1" width="40"/></cols>'
    sheet = f'<?xml version="1.0"?><worksheet xmlns="{_SHEETS}">{columns}<sheetData>{rows}</sheetData></worksheet>'
    book = (
        f'<?xml version="1.0"?><workbook xmlns="{_SHEETS}" {_R}>'
        '<sheets><sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    return ooxml(
        "xlsx",
        {"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": sheet, "xl/styles.xml": styles},
        links={"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("styles", "styles.xml")},
        types={
            "xl/worksheets/sheet1.xml": f"{_OOXML}.spreadsheetml.worksheet+xml",
            "xl/styles.xml": f"{_OOXML}.spreadsheetml.styles+xml",
        },
    )


def pptx(*lines: str) -> bytes:
    """One slide of PowerPoint, with what PowerPoint's format asks for around it."""
    text = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in lines or (WORDS, BLANK))
    nothing = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    box = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Box"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>'
        '<a:off x="500000" y="500000"/><a:ext cx="8000000" cy="3000000"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/>{text}</p:txBody></p:sp>'
    )
    slide = f"<p:sld {_P} {_A} {_R}><p:cSld><p:spTree>{nothing}{box}</p:spTree></p:cSld></p:sld>"
    layout = f"<p:sldLayout {_P} {_A} {_R}><p:cSld><p:spTree>{nothing}</p:spTree></p:cSld></p:sldLayout>"
    colours = " ".join(
        f'{name}="{to}"'
        for name, to in (
            *(("bg1", "lt1"), ("tx1", "dk1"), ("bg2", "lt2"), ("tx2", "dk2"), ("hlink", "hlink")),
            *((f"accent{number}", f"accent{number}") for number in range(1, 7)),
            ("folHlink", "folHlink"),
        )
    )
    master = (
        f"<p:sldMaster {_P} {_A} {_R}><p:cSld><p:spTree>{nothing}</p:spTree></p:cSld><p:clrMap {colours}/>"
        '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>'
    )
    presentation = (
        f'<p:presentation {_P} {_A} {_R}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/>'
        '</p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId2"/></p:sldIdLst>'
        '<p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    )
    kinds = {
        "slides/slide1": "slide",
        "slideLayouts/slideLayout1": "slideLayout",
        "slideMasters/slideMaster1": "slideMaster",
    }
    return ooxml(
        "pptx",
        {
            "ppt/presentation.xml": presentation,
            "ppt/slides/slide1.xml": slide,
            "ppt/slides/_rels/slide1.xml.rels": _relations(
                {"rId1": ("slideLayout", "../slideLayouts/slideLayout1.xml")}
            ),
            "ppt/slideLayouts/slideLayout1.xml": layout,
            "ppt/slideLayouts/_rels/slideLayout1.xml.rels": _relations(
                {"rId1": ("slideMaster", "../slideMasters/slideMaster1.xml")}
            ),
            "ppt/slideMasters/slideMaster1.xml": master,
            "ppt/slideMasters/_rels/slideMaster1.xml.rels": _relations(
                {"rId1": ("slideLayout", "../slideLayouts/slideLayout1.xml")}
            ),
        },
        links={"rId1": ("slideMaster", "slideMasters/slideMaster1.xml"), "rId2": ("slide", "slides/slide1.xml")},
        types={f"ppt/{path}.xml": f"{_OOXML}.presentationml.{kind}+xml" for path, kind in kinds.items()},
    )


def odf(
    kind: str,
    body: str,
    *,
    before: str = "",
    more: Mapping[str, str | bytes] | None = None,
    manifest: str = "",
) -> bytes:
    """A document of ODF whose body is this XML; `manifest`: XML within the entry of its content."""
    spaces = " ".join(
        f'xmlns:{name}="{_ODF}:{path}:1.0"'
        for name, path in (
            *(("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing")),
            *(("script", "script"), ("svg", "svg-compatible")),
        )
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces} xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'office:version="1.2">{before}<office:body>{body}</office:body></office:document-content>'
    )
    entries = (
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODF_TYPES[kind]}"/>'
        f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{manifest}'
        "</manifest:file-entry>"
        + "".join(
            f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>' for name in more or {}
        )
    )
    listed = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0">{entries}</manifest:manifest>'
    )
    return zipped(
        {"mimetype": ODF_TYPES[kind], "content.xml": content, "META-INF/manifest.xml": listed, **(more or {})}
    )


def odt(*paragraphs: str, inside: str = "", manifest: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """A text of ODF."""
    body = "".join(f"<text:p>{escape(each)}</text:p>" for each in paragraphs or (WORDS, BLANK))
    return odf("odt", f"<office:text>{body}{inside}</office:text>", manifest=manifest, more=more)


def odt_with_basic(code: str, before: str) -> bytes:
    """A text of ODF with a module `M` in the library `Standard`, and what is to come before its body."""
    library = "http://openoffice.org/2000/library"
    script = "http://openoffice.org/2000/script"
    return odf(
        "odt",
        f"<office:text><text:p>{WORDS}</text:p></office:text>",
        before=before,
        more={
            "Basic/script-lc.xml": f'<library:libraries xmlns:library="{library}">'
            '<library:library library:name="Standard" library:link="false"/></library:libraries>',
            "Basic/Standard/script-lb.xml": f'<library:library xmlns:library="{library}" library:name="Standard" '
            'library:readonly="false"><library:element library:name="M"/></library:library>',
            "Basic/Standard/M.xml": f'<script:module xmlns:script="{script}" script:name="M" '
            f'script:language="StarBasic">{escape(code)}</script:module>',
        },
    )


def ods(*rows: str) -> bytes:
    """A sheet of ODF."""
    cells = "".join(
        '<table:table-row><table:table-cell office:value-type="string">'
        f"<text:p>{escape(each)}</text:p></table:table-cell></table:table-row>"
        for each in rows or (WORDS, BLANK)
    )
    return odf("ods", f'<office:spreadsheet><table:table table:name="S">{cells}</table:table></office:spreadsheet>')


def ods_of(*, rows: int, columns: int) -> bytes:
    """A sheet of ODF in which one cell is said to stand so often."""
    cell = (
        f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="string">'
        "<text:p>x</text:p></table:table-cell>"
    )
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    return odf("ods", f'<office:spreadsheet><table:table table:name="S">{row}</table:table></office:spreadsheet>')


def odp(*lines: str) -> bytes:
    """A slide of ODF."""
    text = "".join(f"<text:p>{escape(each)}</text:p>" for each in lines or (WORDS, BLANK))
    box = (
        '<draw:frame svg:width="20cm" svg:height="5cm" svg:x="1cm" svg:y="1cm">'
        f"<draw:text-box>{text}</draw:text-box></draw:frame>"
    )
    return odf("odp", f'<office:presentation><draw:page draw:name="p">{box}</draw:page></office:presentation>')


def rtf(*paragraphs: str, inside: str = "") -> bytes:
    """A text in Rich Text Format."""
    body = "".join(f"{each}\\par " for each in paragraphs or (WORDS, BLANK))
    return f"{{\\rtf1\\ansi {body}{inside}}}".encode("ascii")


_FREE, _END_OF_CHAIN, _FAT_SECTOR, _NOBODY = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_SECTOR = 512
_ROOT, _STORAGE, _STREAM = 5, 1, 2


def compound(
    streams: Mapping[str, bytes], *, storages: tuple[str, ...] = (), within: tuple[str, ...] = (), loops: bool = False
) -> bytes:
    """An OLE2 file of these streams, each filled up to 4 KiB, and empty storages (MS-CFB).

    `within`: streams in the first storage. `loops`: the directory's chain and tree lead back to themselves.
    """
    bodies = {name: body.ljust(4096, b"\0") for name, body in streams.items()}
    names = [*bodies, *storages, *within]
    directory_sectors = -(-(len(names) + 1) * 128 // _SECTOR)
    table = [_FAT_SECTOR, *range(2, directory_sectors + 1), 1 if loops else _END_OF_CHAIN]
    starts = {}
    for name, body in bodies.items():
        starts[name], sectors = len(table), -(-len(body) // _SECTOR)
        table += [*range(len(table) + 1, len(table) + sectors), _END_OF_CHAIN]
    assert len(table) <= _SECTOR // 4, "one sector of the table must do"
    top = len(bodies) + len(storages)
    entries = [_entry("Root Entry", _ROOT, child=1)]
    for number, name in enumerate(names, start=1):
        kind = _STORAGE if name in storages else _STREAM
        after = number + 1 if number not in {top, len(names)} else (1 if loops else _NOBODY)
        child = top + 1 if name in storages[:1] and within else _NOBODY
        body = bodies.get(name, b"")
        entries.append(_entry(name, kind, right=after, child=child, start=starts.get(name, 0), size=len(body)))
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    header += pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END_OF_CHAIN, 0, _END_OF_CHAIN, 0)
    header += pack("<I", 0) + pack("<I", _FREE) * 108
    filled = [*table, *[_FREE] * (_SECTOR // 4 - len(table))]
    directory = b"".join(entries).ljust(directory_sectors * _SECTOR, b"\0")
    return header + pack("<128I", *filled) + directory + b"".join(bodies.values())


def _entry(name: str, kind: int, *, right: int = _NOBODY, child: int = _NOBODY, start: int = 0, size: int = 0) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    return (
        encoded.ljust(64, b"\0")
        + pack("<HBBIII", len(encoded), kind, 1, _NOBODY, right, child)
        + bytes(36)
        + pack("<III", start, size, 0)
    )


def directory_of(members: int, *, says: int | None = None) -> bytes:
    """A ZIP of nothing but a directory of so many members, or one that says that it has another number."""
    entry = pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    begins = b"PK\x03\x04" + bytes(26)
    said = (members if says is None else says) & 0xFFFF
    end = pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, said, said, members * len(entry), len(begins), 0)
    return begins + entry * members + end
