"""Where trials are played: a stack whose processes can be tampered with, made anew when it broke."""

from __future__ import annotations

import signal
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from tests.chaos.stage import Stage
from tests.stack import SHORT_STALLS, running_stack

ENVIRONMENT = {
    **SHORT_STALLS,
    "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
    # Faults are played at peers on this machine.
    "OUTBOUND_ALLOW_LOOPBACK": "1",
}
# Durable, as in production: what was accepted has to outlive the server.
POSTGRES: dict[str, str] = {}


@dataclass
class Theatre:
    """Gives the stage, with web and worker at work, before each trial."""

    _exits: ExitStack = field(default_factory=ExitStack)
    _stage: Stage | None = None

    def open(self) -> Stage:
        """Return the stage as every trial finds it: the web process answers, one worker works."""
        if self._stage is None:
            stack = self._exits.enter_context(
                running_stack(environment=ENVIRONMENT, postgres=POSTGRES)
            )
            # The demo's day tickets are what everybody orders here, and nobody fights for them.
            stack.never_sell_out()
            self._stage = Stage.of(stack)
        stack = self._stage.stack
        for worker in stack.workers:
            worker.signal(signal.SIGCONT)
        if stack.web is None or stack.web.exit_code is not None:
            stack.start_web(**stack.web_arguments)
        if len(stack.workers) != 1 or stack.workers[0].exit_code is not None:
            stack.stop_workers()
            stack.start_worker()
        return self._stage

    def close(self) -> None:
        """Stop everything; the next trial finds a new stage."""
        self._stage = None
        with suppress(Exception):  # what broke may not stop as it should
            self._exits.close()
        self._exits = ExitStack()
