"""A job in a transaction of your own, with `make up` in another terminal and its broker's address in REDIS_URL."""

import os
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from buffrsign import Producer, outbox
from buffrsign.jobs.maintenance import Canary
from buffrsign.outbox import Outbox
from buffrsign.outbox_relay import Relay

Path("var").mkdir(exist_ok=True)
engine = create_engine("sqlite:///var/outbox-example.db")
outbox.metadata.create_all(engine)

with Session(engine) as session:
    Outbox(session).enqueue(Canary(note="never published"))
    session.rollback()

with Session(engine) as session, session.begin():
    job_id = Outbox(session).enqueue(Canary(), keep_result=True)

producer = Producer(os.environ["REDIS_URL"])
print(Relay(engine, producer).relay())  # Relayed(created=1, …); a service runs `python -m buffrsign.outbox_relay`
print(producer.result(job_id, timeout=10))  # {'outcome': 'answered', …}
