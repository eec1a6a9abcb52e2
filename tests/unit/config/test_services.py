import msgspec

from buffrsign.documents.sandbox import Office
from buffrsign.documents.sandbox.limits import MIB
from config.services import _office_of
from config.settings import load

SETTINGS = load({"REDIS_URL": "redis://127.0.0.1:6379/0"})


def test_libreoffice_is_looked_for_on_the_path_unless_it_is_named_or_switched_off():
    assert _office_of(SETTINGS) == Office()
    assert _office_of(msgspec.structs.replace(SETTINGS, soffice="off")) is None

    named = msgspec.structs.replace(SETTINGS, soffice="/opt/office/soffice", office_memory_mib=600, office_cpu_s=7)

    office = _office_of(named)
    assert office
    assert (office.soffice, office.limits.memory_bytes, office.limits.cpu_s) == ("/opt/office/soffice", 600 * MIB, 7)
