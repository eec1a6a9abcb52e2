"""The Celery application: `celery -A workers.app worker -Q email` runs one family; `beat` and `flower` use it too."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from celery import Celery

from buffrsign.broker import quick_json
from buffrsign.crypto import register, register_refusal
from config import logging as our_logging
from config.celery import celery_settings, why_not_in_clear
from config.services import configure, services
from config.settings import SettingsRefused, load
from workers import lifecycle, shutdown

# The `celery` command forgets its working directory once it has found this module, and tasks are imported later.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

try:
    settings = load(os.environ)
except SettingsRefused as refused:
    sys.exit(str(refused))

our_logging.configure(log_format=settings.log_format, level=settings.log_level)
configure(settings)
quick_json.register()
if cipher := services().cipher:
    register(cipher)
elif why := why_not_in_clear(settings):
    # Flower and `celery inspect` need no keys, and so may start; what publishes with this application may not go on.
    register_refusal(why)

app = Celery(
    "buffrsign",
    set_as_current=True,
    task_cls="tasks.base:RecordedTask",
    control="workers.remote_control:Control",
    events="workers.events:Events",
)
app.conf.update(celery_settings(settings))
lifecycle.install()
shutdown.install(timedelta(seconds=settings.shutdown_grace_s))
