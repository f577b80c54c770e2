"""A mail server: real SMTP on loopback, which takes, refuses or breaks off as it is told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """What has come. `refusal` answers who it is for, `hangs_up` breaks off after the message."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.recipients: list[str] = []
        self.messages: list[str] = []
        self.refusal = ""
        self.hangs_up = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Conversation(socketserver.StreamRequestHandler):
    """One client's commands and the answers to them."""

    server: MailServer

    def handle(self) -> None:
        self._say("220 mail.example")
        for line in self.rfile:
            if not self._answer(line.decode().strip()):
                return

    def _answer(self, command: str) -> bool:
        """Answer a command; tell whether the conversation goes on."""
        verb = command.upper().split(" ")[0]
        if verb == "DATA":
            self._say("354 Go on")
            self.server.messages.append(self._read_message())
            if self.server.hangs_up:
                return False
        if verb == "RCPT":
            self.server.recipients.append(command)
        self._say((verb == "RCPT" and self.server.refusal) or "250 OK")
        return verb != "QUIT"

    def _read_message(self) -> str:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines).decode()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """Run a mail server for the time of a block."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
