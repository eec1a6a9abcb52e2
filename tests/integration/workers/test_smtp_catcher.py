import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.mail import NOW
from tests.support.smtp import a_message
from tests.support.wait import wait_until
from workers.smtp_catcher import SmtpCatcher

ROOT = Path(__file__).parents[3]
SENDER = "no-reply@buffrsign.example"


def send(address: tuple[str, int], *, recipient: str = "anna@example.com", text: str = "Hello\n") -> None:
    with smtplib.SMTP(*address, local_hostname="worker.example", timeout=5) as smtp:
        smtp.send_message(a_message(text), SENDER, [recipient])


def test_every_letter_is_kept_whole_with_its_envelope(tmp_path):
    with SmtpCatcher(tmp_path, clock=lambda: NOW) as catcher:
        send(catcher.address, text="Hello\n\n.dot\n")
        send(catcher.address, recipient="ünal@example.com")

    first, second = catcher.messages()
    assert first["X-MailFrom"] == SENDER
    assert first["X-RcptTo"] == "anna@example.com"
    assert first["Subject"] == "Please sign"
    assert first.get_content() == "Hello\r\n\r\n.dot\r\n"
    assert "ünal@example.com".encode() in sorted(tmp_path.iterdir())[1].read_bytes()
    assert second["Subject"] == "Please sign"
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "20261124T083000000000Z-000001.eml",
        "20261124T083000000000Z-000002.eml",
    ]


def test_it_is_heard_on_this_machine_only(tmp_path):
    with SmtpCatcher(tmp_path) as catcher:
        assert catcher.address[0] == "127.0.0.1"


def test_it_stops_also_while_a_client_is_still_connected(tmp_path):
    catcher = SmtpCatcher(tmp_path)
    catcher.start()

    with smtplib.SMTP(*catcher.address, local_hostname="worker.example", timeout=5) as smtp:
        catcher.stop()

        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.docmd("DATA")
    with pytest.raises(ConnectionRefusedError):
        send(catcher.address)


def test_it_can_start_again_on_the_same_port(tmp_path):
    catcher = SmtpCatcher(tmp_path)
    catcher.start()
    address = catcher.address
    catcher.stop()
    catcher.stop()

    with catcher:
        assert catcher.address == address
        send(address)

    assert len(catcher.messages()) == 1


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_its_port_and_ends_cleanly_on_a_signal(tmp_path, stop_signal):
    port_file = tmp_path / "mail.port"
    command = [sys.executable, "-W", "error", "-m", "workers.smtp_catcher"]
    options = ["--folder", tmp_path / "mail", "--port-file", port_file]
    with subprocess.Popen([*command, *options], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(port_file.exists, "the port file")
            send(("127.0.0.1", int(port_file.read_text())))
        finally:
            process.send_signal(stop_signal)
        _, complaints = process.communicate(timeout=10)

    assert process.returncode == 0
    assert complaints == ""
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
