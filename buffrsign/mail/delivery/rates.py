"""Send rates: how fast letters go to one provider, over the whole fleet. A rate delays letters and drops none.

Each provider has two lanes, bulk and urgent, and each lane one row of SQL. A letter that comes too early is given the
next slot of its lane, which is kept for it: when it comes back it goes, and competes with nobody again. A share of the
rate is the urgent lane's; an urgent letter takes whichever lane's slot is sooner, a bulk letter only its own lane's.

Letters that come back much later than their slots (all workers were down) would go all at once. So what really went is
counted too: where the lane is ahead of its rate by half a second's worth, a late one gets a new slot.

Source: GCRA (ITU-T I.371, annex A, virtual scheduling): `next_us` is the theoretical arrival time of the next slot,
`spent_us` that of the next departure, which has a tolerance.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from buffrsign.core.clock import Clock
from buffrsign.core.sql import Database
from buffrsign.mail.outcomes import RateSpent
from buffrsign.mail.providers import SmtpServer
from buffrsign.mail.tables import mail_rates, mail_slots

BULK, URGENT = "bulk", "urgent"
URGENT_SHARE = 0.25
BURST_S = 1.0
BURST_LETTERS = 5
FORGET_AFTER = timedelta(hours=24)

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class _Lane:
    """One lane of one provider; all in microseconds, moments since 1970."""

    name: str
    interval_us: int
    next_us: int
    spent_us: int

    def slot_us(self, now_us: int) -> int:
        """The soonest slot that nobody has, and in which the lane will not be ahead of its rate by too much."""
        return max(self.next_us, now_us, self.spent_us - self._tolerance_us // 2)

    def has_room(self, kept_us: int, now_us: int) -> bool:
        """Whether a letter may go now whose slot has come.

        Those that are late have half of the tolerance, so that they never take the place of one that is on time.
        """
        is_late = now_us - kept_us > self._tolerance_us
        return self.spent_us - self._tolerance_us // (1 + is_late) <= now_us

    def spent_with_one_more(self, now_us: int) -> int:
        """`spent_us` after a departure."""
        return max(self.spent_us, now_us) + self.interval_us

    @property
    def _tolerance_us(self) -> int:
        return max(_BURST_US, BURST_LETTERS * self.interval_us)


class Rates:
    """The send rates of every provider that has one."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def spend(self, server: SmtpServer, *, letter: str, urgent: bool) -> None:
        """Let the letter go now, or give it a slot and say when that is.

        `letter` is what the letter is called when it comes back: its job id. Costs one transaction; nothing for a
        provider without a rate.

        Raises:
            RateSpent: the letter's slot has not come; it is kept.
            DatabaseUnavailable: as every transaction.
        """
        if server.per_second is None:
            return
        now_us = _to_us(self._clock())
        with self._database.write() as connection:
            wait_us = _wait_us(connection, server.label, server.per_second, letter=letter, urgent=urgent, now_us=now_us)
        if wait_us > 0:
            raise RateSpent(
                f"the send rate of {server.label} is spent; the letter has its slot", delay=_whole_ms(wait_us)
            )


def _wait_us(
    connection: Connection, provider: str, per_second: float, *, letter: str, urgent: bool, now_us: int
) -> int:
    """How long until the letter may go; 0 where it goes now, which is then counted."""
    lanes = _locked_lanes(connection, provider, per_second)
    kept = connection.execute(
        select(mail_slots).where(mail_slots.c.provider == provider, mail_slots.c.letter == letter)
    ).first()
    if kept is not None and kept.slot_us > now_us:
        return int(kept.slot_us - now_us)
    if kept is not None and lanes[kept.lane].has_room(kept.slot_us, now_us):
        _forget(connection, provider, letter)
        lane = lanes[kept.lane]
        _change(connection, provider, lane, spent_us=lane.spent_with_one_more(now_us))
        return 0
    if kept is not None:
        _forget(connection, provider, letter)
    lane = min((lanes[name] for name in ((URGENT, BULK) if urgent else (BULK,))), key=lambda each: each.slot_us(now_us))
    slot_us = lane.slot_us(now_us)
    next_us = slot_us + lane.interval_us
    if slot_us <= now_us:
        _change(connection, provider, lane, next_us=next_us, spent_us=lane.spent_with_one_more(now_us))
        return 0
    _change(connection, provider, lane, next_us=next_us)
    _keep(connection, provider, letter, lane=lane, slot_us=slot_us, now_us=now_us)
    return slot_us - now_us


def _locked_lanes(connection: Connection, provider: str, per_second: float) -> dict[str, _Lane]:
    """Both lanes; nobody else reads or changes them until this transaction ends."""
    rows = _lane_rows(connection, provider)
    if len(rows) < 2:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        new = [{"provider": provider, "lane": lane, "next_us": 0, "spent_us": 0} for lane in (BULK, URGENT)]
        connection.execute(insert(mail_rates).on_conflict_do_nothing(), new)
        rows = _lane_rows(connection, provider)
    share = {BULK: 1 - URGENT_SHARE, URGENT: URGENT_SHARE}
    return {
        row.lane: _Lane(row.lane, round(1_000_000 / (per_second * share[row.lane])), row.next_us, row.spent_us)
        for row in rows
    }


def _lane_rows(connection: Connection, provider: str) -> list[Row[Any]]:
    # FOR UPDATE is for PostgreSQL; the order keeps two transactions from waiting for each other.
    query = select(mail_rates).where(mail_rates.c.provider == provider).order_by(mail_rates.c.lane)
    return list(connection.execute(query.with_for_update()))


def _change(connection: Connection, provider: str, lane: _Lane, **values: int) -> None:
    row = update(mail_rates).where(mail_rates.c.provider == provider, mail_rates.c.lane == lane.name)
    connection.execute(row.values(**values))


def _keep(connection: Connection, provider: str, letter: str, *, lane: _Lane, slot_us: int, now_us: int) -> None:
    """Keep the slot for the letter; slots of letters that never came back are forgotten meanwhile."""
    connection.execute(
        delete(mail_slots).where(mail_slots.c.provider == provider, mail_slots.c.slot_us < now_us - _FORGET_US)
    )
    connection.execute(mail_slots.insert().values(provider=provider, letter=letter, lane=lane.name, slot_us=slot_us))


def _forget(connection: Connection, provider: str, letter: str) -> None:
    connection.execute(delete(mail_slots).where(mail_slots.c.provider == provider, mail_slots.c.letter == letter))


def _to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _whole_ms(us: int) -> timedelta:
    """Rounded up: the schedule counts milliseconds, and a letter that came back early would only wait again."""
    return timedelta(milliseconds=-(-us // 1000))


_BURST_US = int(BURST_S * 1_000_000)
_FORGET_US = FORGET_AFTER // timedelta(microseconds=1)
