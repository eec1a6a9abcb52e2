"""Ten lines that run, with `make up` in another terminal and its broker's address in REDIS_URL."""

import os
from datetime import timedelta

from buffrsign import Producer
from buffrsign.jobs.maintenance import Canary

producer = Producer(os.environ["REDIS_URL"])  # one per process

handle = producer.enqueue(Canary(note="hello"), keep_result=True)
print(handle.result(timeout=10))  # {'outcome': 'answered', …}

later = producer.enqueue(Canary(), delay=timedelta(days=30))
print(later.cancel())  # True, as it was still waiting
