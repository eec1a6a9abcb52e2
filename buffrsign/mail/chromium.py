"""Chromium, where it is installed: pictures of pages that we wrote ourselves."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from buffrsign.core.errors import Transient

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCHEMES = {"light": "1", "dark": "0"}
"""What a person prefers, and Chromium's own number for it."""

SLOWEST_PICTURE_S = 60.0
WIDTH, HEIGHT = 640, 860


class PictureFailed(Transient):
    """Chromium did not make a picture in time, or at all."""


def find_browser() -> str | None:
    """Chromium's program, where one is on the PATH."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def take_picture(page: Path, picture: Path, scheme: str, *, browser: str) -> Path:
    """A PNG of a page, as somebody sees it who prefers `light` or `dark`.

    Raises:
        PictureFailed: the browser failed, or took longer than `SLOWEST_PICTURE_S`.
    """
    with tempfile.TemporaryDirectory(prefix="buffrsign-preview-") as profile:
        command = [
            *headless(browser, profile),
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture.absolute()}",
            page.absolute().as_uri(),
        ]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=SLOWEST_PICTURE_S)  # noqa: S603 - ours
        except (subprocess.SubprocessError, OSError) as error:
            raise PictureFailed(
                f"{browser} made no picture ({type(error).__name__}); the HTML and the text are written, open those"
            ) from error
    return picture


def headless(browser: str, profile: str) -> list[str]:
    """Chromium without a window, with a profile of its own, and with nothing to load from elsewhere.

    Without its sandbox, which root may not use: it is shown our own pages only.
    """
    return [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={profile}",
    ]
