"""OpenStack Swift with its S3 interface, whole and in one process: `python3 server.py FOLDER PORT [CERTIFICATE]`.

Run by Debian's own Python, which has `python3-swift`; nothing of ours is imported. One proxy, one account, one
container and one object server share the process, and the folder has one device. Swift keeps metadata in extended
attributes, so the folder MUST be on a file system that has them.
"""

import ctypes
import signal
import sys
from pathlib import Path

import eventlet
import eventlet.wsgi

eventlet.monkey_patch()

from swift.account.server import app_factory as account_server  # noqa: E402 - after the patch, as Swift asks
from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402
from swift.container.server import app_factory as container_server  # noqa: E402
from swift.obj.server import app_factory as object_server  # noqa: E402

PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:s3api]
use = egg:swift#s3api
s3_acl = no
min_segment_size = 1048576
[filter:tempauth]
use = egg:swift#tempauth
user_tests_access = secret-of-the-tests .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
rate_limit_after_segment = 1000
"""
"""Who may enter: access key `tests:access`, secret key `secret-of-the-tests`. Small parts make quick tests."""

PR_SET_PDEATHSIG = 1
SERVERS = {"account": account_server, "container": container_server, "object": object_server}


class NoCache:
    """Stands where Swift has its memcached, and remembers nothing: whoever checks accounts insists on one."""

    def get(self, *_key: object, **_options: object) -> None:
        """Nothing is known."""

    set = delete = incr = get


def main(folder: Path, port: int, certificate: str | None = None) -> None:
    """Serve until this process is ended; with a certificate, by TLS alone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # tests that were killed leave no server behind
    utils.HASH_PATH_SUFFIX = b"tests"
    devices = folder / "devices"
    (devices / "disk").mkdir(parents=True, exist_ok=True)
    conf = {"devices": str(devices), "mount_check": "false", "swift_dir": str(folder), "log_level": "WARNING"}
    for kind, build in SERVERS.items():
        socket = eventlet.listen(("127.0.0.1", 0))
        _make_ring(folder, kind, port=socket.getsockname()[1])
        eventlet.spawn(_serve, socket, build(conf))
    (folder / "proxy.conf").write_text(PROXY)
    proxy = loadapp(str(folder / "proxy.conf"), global_conf=conf)
    cache = NoCache()
    door = eventlet.listen(("127.0.0.1", port))
    if certificate:
        door = eventlet.wrap_ssl(door, certfile=certificate, keyfile=certificate, server_side=True)
    _serve(door, lambda environ, start: proxy({**environ, "swift.cache": cache}, start))


def _make_ring(folder: Path, kind: str, *, port: int) -> None:
    """One device that has every partition."""
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    where = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "disk", **where})
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def _serve(socket: object, app: object) -> None:
    eventlet.wsgi.server(socket, app, log_output=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
