"""Which office file a file is, if any; its name is never asked."""

from buffrsign.documents.border import Refused, reads_file
from buffrsign.documents.office import compound_file, zip_folder
from buffrsign.documents.office.kind import OfficeFile, OfficeKind
from buffrsign.documents.office.legacy import recognise_compound
from buffrsign.documents.office.packages import recognise_package
from buffrsign.documents.outcome import Reason

_RTF = b"{\\rtf"


@reads_file
def recognise_office(data: bytes) -> OfficeFile:
    """Look at the names and the first bytes of what a file has in it; nothing else is unpacked.

    Unsupported is what is no office file, damaged what is cut off or contradicts itself, encrypted what LibreOffice
    would ask a password for. More than 20,000 members are a resource limit.
    """
    if data.startswith(zip_folder.BEGINS):
        return recognise_package(data)
    if data.startswith(compound_file.BEGINS):
        return recognise_compound(data)
    if data.startswith(_RTF):
        return OfficeFile(OfficeKind.RTF, has_macros=False)
    raise Refused(Reason.UNSUPPORTED)
