"""Where a bucket is, and with which keys it opens."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class S3Place:
    """One bucket of one server. Its representation hides the keys."""

    endpoint: str
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    prefix: str = ""
    ca_file: str | None = None
    """Certificates to trust, in place of those that botocore brings."""
