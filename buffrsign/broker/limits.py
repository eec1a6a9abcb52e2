"""How long the broker waits, and how much it remembers: one place, for the scripts and for Python alike."""

from datetime import timedelta

LEASE = timedelta(seconds=30)
"""How long a holder that does not answer keeps its jobs, unless the setting says otherwise."""

MAX_CRASHES = 3
"""A job that killed so many processes is not given to another."""

ENDED_TTL = timedelta(hours=24)
"""How long an ended job is remembered, and the key of one that was done stays taken."""

WAITING_TTL = timedelta(days=7)
"""How long a ready or running job's record outlives a message that was lost. While a job waits, its record stays."""

ENDED_LISTED = 100_000
"""How many ended jobs can be listed, the newest."""

MISSED_AFTER = timedelta(seconds=60)
"""A job that starts so much after its time was missed, and its own policy says what then."""

SUSPECT_WAITS = timedelta(seconds=2)
"""How long a suspect waits for a worker that is idle, before one that is busy takes it and runs dry first."""

RECOVERED_AT_ONCE = 128
"""How many leases of dead holders one call takes back. No fewer than one holder may have begun, so that one look says
whether it had begun one or several."""

RECOVERED_BYTES = 128 * 1024
"""After so many bytes of messages that go back the call ends."""

TICK_TTL = timedelta(days=366)
"""How long past its time the latest tick of a periodic schedule is remembered, when no later one follows."""

WINDOW = 256
"""How many jobs of tenants a ready list holds; the others wait for their tenant's turn."""

ONE_IN = 8
"""While more urgent jobs wait, one place in so many goes to the less urgent."""

LOOKED_AT_ONCE = 256
"""How many jobs of a list one call looks at, when limits hold them back: about 2 ms of Redis's time."""

NAME_BYTES = 128
"""The longest kind, tenant or limit that a message may name; one that is longer is nobody's."""
