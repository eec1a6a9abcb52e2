"""A profile that is made for one file: no macros, nothing fetched or updated, no Java, dates as in Namibia."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

_OFFICE = "/org.openoffice.Office"
_NEVER, _VERY_HIGH = 2, 3

_SETTINGS: tuple[tuple[str, str, object], ...] = (
    (f"{_OFFICE}.Common/Security/Scripting", "DisableMacrosExecution", True),
    (f"{_OFFICE}.Common/Security/Scripting", "MacroSecurityLevel", _VERY_HIGH),
    (f"{_OFFICE}.Common/Security/Scripting", "BlockUntrustedRefererLinks", True),
    (f"{_OFFICE}.Common/Security/Scripting", "DisableActiveContent", True),
    (f"{_OFFICE}.Writer/Content/Update", "Link", _NEVER),
    (f"{_OFFICE}.Calc/Content/Update", "Link", _NEVER),
    (f"{_OFFICE}.Java/VirtualMachine", "Enable", False),
    (f"{_OFFICE}.Common/Misc", "CrashReport", False),
    (f"{_OFFICE}.Common/Filter/PDF/Export", "ExportNotes", False),
    ("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "en-NA"),
)


def write_profile(folder: Path, *, build: str) -> None:
    """A profile in this new folder. The build keeps LibreOffice from starting anew after it looked for extensions."""
    extensions = folder / "user" / "extensions"
    extensions.mkdir(parents=True)
    (extensions / "buildid").write_text(build, encoding="utf-8")
    (folder / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")


def _registry() -> str:
    items = "".join(
        f'<item oor:path={quoteattr(path)}><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{str(value).lower() if isinstance(value, bool) else value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema">{items}</oor:items>'
    )
