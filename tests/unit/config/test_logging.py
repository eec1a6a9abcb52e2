import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from buffrsign.core.errors import Transient
from buffrsign.core.logs import EventLogger, bind, get_logger
from config.logging import ConsoleFormatter, JsonFormatter, configure, describe

FOREIGN = "signer@example.com has no mailbox"


@pytest.fixture
def output() -> io.StringIO:
    """What a logger of its own wrote."""
    return io.StringIO()


def logger_to(output: io.StringIO, formatter: logging.Formatter) -> EventLogger:
    handler = logging.StreamHandler(output)
    handler.setFormatter(formatter)
    logger = logging.getLogger(f"tests.{id(output)}")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.handlers[:] = [handler]
    return get_logger(logger.name)


def lose_a_letter(error: Exception, log: EventLogger) -> None:
    try:
        raise error
    except type(error) as caught:
        log.error("letter lost", error=caught, host="mx.example")


def test_a_json_line_is_one_object_with_the_event_and_its_fields(output: io.StringIO) -> None:
    log = logger_to(output, JsonFormatter())

    log.info("letter dropped", reason="signed", round=2)

    line = json.loads(output.getvalue())
    assert output.getvalue().count("\n") == 1
    assert (line["event"], line["level"], line["reason"], line["round"]) == ("letter dropped", "info", "signed", 2)
    assert line["at"].endswith("Z")
    assert len(line["at"]) == len("2026-11-23T02:10:07.123Z")


def test_a_json_line_takes_values_that_json_does_not_know(output: io.StringIO) -> None:
    log = logger_to(output, JsonFormatter())

    log.info("letter dropped", what=object, where=ValueError("x"))

    assert json.loads(output.getvalue())["what"] == str(object)


def test_a_console_line_is_for_people(output: io.StringIO) -> None:
    log = logger_to(output, ConsoleFormatter())

    log.warning("letter dropped", reason="signed")

    time, level, rest = output.getvalue().rstrip("\n").split(" ", 2)
    assert (len(time), level, rest) == (len("02:10:07.123"), "warning", "letter dropped  reason=signed")


def test_bound_fields_ride_with_every_line_of_the_block(output: io.StringIO) -> None:
    log = logger_to(output, JsonFormatter())

    with bind(job_id="7", kind="maintenance.canary"):
        log.info("job done")
    log.info("worker idle")

    inside, outside = map(json.loads, output.getvalue().splitlines())
    assert (inside["job_id"], inside["kind"]) == ("7", "maintenance.canary")
    assert "job_id" not in outside


@pytest.mark.parametrize("formatter", [JsonFormatter(), ConsoleFormatter()])
def test_the_message_of_a_foreign_exception_is_not_shown_but_its_place_is(
    output: io.StringIO, formatter: logging.Formatter
) -> None:
    log = logger_to(output, formatter)

    lose_a_letter(KeyError(FOREIGN), log)

    assert FOREIGN not in output.getvalue()
    assert "KeyError at test_logging.py:" in output.getvalue()
    assert "lose_a_letter" in output.getvalue()


@pytest.mark.parametrize("formatter", [JsonFormatter(), ConsoleFormatter()])
def test_the_message_of_an_error_of_ours_is_shown(output: io.StringIO, formatter: logging.Formatter) -> None:
    log = logger_to(output, formatter)

    lose_a_letter(Transient("the mail server is away; wait"), log)

    assert "Transient: the mail server is away; wait" in output.getvalue()


def test_an_exception_that_was_never_raised_is_described_by_its_type() -> None:
    assert describe(KeyError(FOREIGN)) == "KeyError"


@pytest.fixture
def untouched_root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(("log_format", "formatter"), [("json", JsonFormatter), ("console", ConsoleFormatter)])
def test_a_process_logs_to_standard_error_in_the_format_that_was_set(
    untouched_root: logging.Logger, log_format: str, formatter: type[logging.Formatter]
) -> None:
    configure(log_format=log_format, level="WARNING")

    [handler] = untouched_root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert isinstance(handler.formatter, formatter)
    assert handler.stream is sys.stderr
    assert untouched_root.level == logging.WARNING
