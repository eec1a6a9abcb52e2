"""Celery's remote control, in JSON also where tasks are encrypted.

It carries ids and numbers, and representations of arguments that say nothing; so stock tools without a key keep
asking and commanding workers, and workers without one are not cut off while keys are rolled out.
"""

from typing import Any

from celery.app.control import Control as CeleryControl

_CeleryControl: Any = CeleryControl


class Control(_CeleryControl):  # type: ignore[misc]
    """See `control` in `workers/app.py`."""

    def __init__(self, app: Any = None) -> None:
        super().__init__(app)
        self.mailbox.serializer = "json"  # Celery takes `task_serializer`
