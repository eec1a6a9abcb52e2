"""A line to a server on loopback that can go wrong: it hangs up, falls silent, and counts what went over it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE_BYTES = 16 * 1024


@dataclass
class FaultyLine:
    """Faults may be set at any time; each direction of each connection asks before it passes a piece on."""

    server: int
    port: int = 0
    sent_bytes: int = 0
    """From clients to the server, over all connections."""
    connections: int = 0
    hang_up_after: Callable[[int], bool] = lambda _answered: False
    """Given how many bytes this connection answered: whether it ends there."""
    silent_after: int | None = None
    """So many bytes go to the server, over all connections; then nothing more goes anywhere."""
    _over: threading.Event = field(default_factory=threading.Event)

    def forward(self, client: socket.socket) -> None:
        """Pass on what comes, both ways, until either side is done."""
        self.connections += 1
        far = socket.create_connection(("127.0.0.1", self.server))
        with client, far:
            upwards = threading.Thread(target=self._up, args=(client, far), daemon=True)
            upwards.start()
            self._down(far, client)
            for side in (client, far):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            upwards.join()

    def end(self) -> None:
        """Let go of whoever waits in silence."""
        self._over.set()

    def _up(self, client: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(_PIECE_BYTES):
                self._be_silent()
                self.sent_bytes += len(piece)
                far.sendall(piece)

    def _down(self, far: socket.socket, client: socket.socket) -> None:
        answered = 0
        with suppress(OSError):
            while piece := far.recv(_PIECE_BYTES):
                self._be_silent()
                answered += len(piece)
                client.sendall(piece)
                if self.hang_up_after(answered):
                    return

    def _be_silent(self) -> None:
        if self.silent_after is not None and self.sent_bytes >= self.silent_after:
            self._over.wait()


@contextmanager
def faulty_line(server: int) -> Iterator[FaultyLine]:
    """A line to that port, on a port of its own."""
    line = FaultyLine(server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line.port = listener.getsockname()[1]
        accepting = threading.Thread(target=_accept, args=(listener, line), daemon=True)
        accepting.start()
        try:
            yield line
        finally:
            line.end()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, line: FaultyLine) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=line.forward, args=(client,), daemon=True).start()
