"""A mail server on a free port of this machine that takes every letter, or none."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


class Sink(socketserver.ThreadingTCPServer):
    """What was delivered, as it came; `answer` is what a letter is answered with."""

    allow_reuse_address = daemon_threads = True
    answer = "250 taken"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.letters: list[bytes] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def message(self, place: int = 0) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.letters[place], policy=policy.default))


class _Conversation(socketserver.StreamRequestHandler):
    """Just enough of SMTP."""

    def handle(self) -> None:
        sink = cast(Sink, self.server)
        self._say("220 sink")
        for line in self.rfile:
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                if sink.answer.startswith("250"):
                    sink.letters.append(letter)
                self._say(sink.answer)
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_sink() -> Iterator[Sink]:
    """A server that listens until the block is over."""
    with Sink() as sink:
        thread = threading.Thread(target=sink.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield sink
        finally:
            sink.shutdown()
            thread.join()
