"""Ours beside stock Celery and peers, on the same server and cores: `python -m benchmarks.engine`."""
