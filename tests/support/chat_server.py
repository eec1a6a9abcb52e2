"""A server on loopback that speaks OpenAI's chat-completions protocol; what it answers, a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answering = Callable[[dict[str, Any]], tuple[int, bytes]]
"""From the request's body to a status and the response's body."""


class ChatServer:
    """`asked` are the bodies of the requests, `keys` what came as authorization."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.url = ""


def completion(content: object, *, finish_reason: str = "stop") -> tuple[int, bytes]:
    """A whole answer with this content; what is no text becomes JSON first."""
    text = content if isinstance(content, str) else json.dumps(content)
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return 200, json.dumps({"object": "chat.completion", "choices": [choice]}).encode()


@contextmanager
def chat_server(answering: Answering) -> Iterator[ChatServer]:
    """A server that runs until the block ends."""
    known = ChatServer(answering)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.asked.append(body)
            known.keys.append(self.headers["Authorization"])
            status, answer = known.answering(body) if self.path == "/v1/chat/completions" else (404, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()
