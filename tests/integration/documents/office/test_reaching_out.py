"""What a document refers to is not fetched, from nowhere; LibreOffice as anybody starts it would."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from buffrsign.documents.sandbox import MadePdf
from tests.support import office_files as made
from tests.support import pictures
from tests.support.libreoffice import openly_converted

pytestmark = pytest.mark.needs("libreoffice")

SECRET = "a secret of the machine"


class Listening:
    """A server that keeps the first line of whatever anybody asks, and answers that it has nothing."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._server.accept()
                with connection:
                    connection.settimeout(5)
                    self.asked.append(connection.recv(1000).partition(b"\r\n")[0])
                    connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@contextmanager
def listening() -> Iterator[Listening]:
    server = Listening()
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@pytest.fixture
def red(tmp_path) -> Path:
    """A picture of the machine that is nobody's to show."""
    file = tmp_path / "red.png"
    Image.new("RGB", (80, 80), "red").save(file)
    return file


def referring(url: str, red: Path) -> bytes:
    """A text of Word with two pictures, of which one lies on a server and one on the machine."""
    return made.docx(
        made.WORDS,
        inside=made.picture_at("rId7") + made.picture_at("rId8"),
        links={"rId7": ("image", f"{url}/picture.png"), "rId8": ("image", red.as_uri())},
    )


def shows_red(pdf: bytes) -> bool:
    picture = pictures.opened(pictures.thumbnail(pdf)).convert("RGB")
    return any(colour == (255, 0, 0) for _, colour in picture.getcolors(maxcolors=1 << 24))


def test_pictures_elsewhere_are_not_fetched_and_the_words_come_through(sandbox, red, caplog):
    with listening() as server:
        data = referring(server.url, red)

        pdf = sandbox.to_pdf(data)

        assert isinstance(pdf, MadePdf)
        assert made.WORDS in sandbox.text_of(pdf.pdf, max_pages=1, max_characters=1000)
        assert server.asked == []
        assert not shows_red(pdf.pdf)
        assert "kernel does not confine LibreOffice as it should" not in caplog.text


@pytest.mark.slow
def test_libreoffice_as_anybody_starts_it_fetches_them(sandbox, tmp_path, red):
    with listening() as server:
        openly = openly_converted(referring(server.url, red), "docx", to="pdf", folder=tmp_path)

        assert b"GET /picture.png HTTP/1.1" in server.asked
        assert shows_red(openly)


def referring_otherwise(url: str, secret: Path) -> dict[str, bytes]:
    linked = 'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"'
    frame = 'svg:width="5cm" svg:height="5cm"'
    return {
        "a section of ODF": made.odt(
            inside=f'<text:section text:name="s"><text:section-source xlink:href="{secret.as_uri()}" '
            'text:filter-name="Text"/><text:p/></text:section>'
        ),
        "an object of ODF": made.odt(
            inside=f'<text:p><draw:frame {frame}><draw:object xlink:href="{url}/o.odt" {linked}/></draw:frame></text:p>'
        ),
        "fields of Word": made.docx(
            made.WORDS,
            inside=made.field_of_word(f'INCLUDETEXT "{secret}"') + made.field_of_word(f'INCLUDEPICTURE "{url}/p.png"'),
            links={"rId8": ("attachedTemplate", f"{url}/template.dotx")},
        ),
        "fields of RTF": made.rtf(
            inside=f'{{\\field{{\\*\\fldinst INCLUDEPICTURE "{url}/p.png"}}{{\\fldrslt x}}}}'
            f'{{\\field{{\\*\\fldinst INCLUDETEXT "{secret}"}}{{\\fldrslt y}}}}'
        ),
        "formulas": made.odf(
            "ods",
            '<office:spreadsheet><table:table table:name="S"><table:table-row>'
            f'<table:table-cell table:formula="of:=WEBSERVICE(&quot;{url}/f&quot;)"/>'
            f"<table:table-cell table:formula=\"of:=['{secret.as_uri()}'#$S.A1]\"/>"
            "</table:table-row></table:table></office:spreadsheet>",
        ),
    }


@pytest.mark.slow
def test_nothing_else_that_a_document_may_refer_to_is_fetched(sandbox, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)

    with listening() as server:
        for name, data in referring_otherwise(server.url, secret).items():
            pdf = sandbox.to_pdf(data)

            assert isinstance(pdf, MadePdf), name
            assert SECRET not in sandbox.text_of(pdf.pdf, max_pages=9, max_characters=9999), name
            assert server.asked == [], name
