"""The kinds of office files that become PDFs."""

from enum import StrEnum

import msgspec


class OfficeKind(StrEnum):
    """A kind by the ending that its files usually have; templates and files with macros count as their kind."""

    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    RTF = "rtf"


class OfficeFile(msgspec.Struct, frozen=True):
    """What an office file is, and whether it brings macros: None where that cannot be told from outside, of a `ppt`.

    `is_before_97`: a `doc` or `xls` in the form that Office had until then.
    """

    kind: OfficeKind
    has_macros: bool | None
    is_before_97: bool = False
