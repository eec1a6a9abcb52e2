"""Floor 3: settings read once, Celery's configuration, periodic work, log formats, and the composition root."""
