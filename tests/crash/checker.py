"""A process that looks at one folder after another: a crash of what it looks at is no crash of a test.

`python -m tests.crash.checker CHECK`: CHECK is a pickled object with a method `check(folder, acked, rng)`
that raises for what is wrong. A request is a line of JSON on the standard input, [folder, acked, seed]; the
answer is a line of JSON on the standard output, [what is wrong or null, what it met].
"""

from __future__ import annotations

import json
import os
import pickle
import random
import select
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tests.crash.recorder import ROOT

LIMIT_SECONDS = 60
"""A look that takes longer hangs."""


class Check(Protocol):
    """What is done with a folder."""

    def check(self, folder: Path, acked: int, rng: random.Random) -> list[str]:
        """Looks at it after a cut that so many acknowledgements came before. Raises for what is wrong.

        Gives what it met, in words that are counted: a proof has to meet what it is about.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look has found."""

    wrong: str | None
    met: list[str]


class Checker:
    """The process, from outside. Started at the first request, and again where it has died."""

    def __init__(self, check: Path) -> None:
        self._check = check
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it

    def begin(self, folder: Path, acked: int, seed: str) -> None:
        """Sends a request. `end` takes the answer."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.crash.checker", str(self._check)]
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(folder), acked, seed]).encode() + b"\n")
        self._process.stdin.flush()

    def end(self) -> Answer:
        """What was found in the folder that was sent."""
        process = self._process
        assert process is not None and process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], LIMIT_SECONDS)
        line = process.stdout.readline() if ready else b""
        if line:
            return Answer(*json.loads(line))
        if not ready:
            process.kill()
        status = process.wait()
        self._stop()
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode(errors="replace")
        self._errors.seek(0)
        self._errors.truncate()
        return Answer(f"the checker {f'died with {status}' if ready else 'hung'}: {said}", [])

    def close(self) -> None:
        """Ends the process."""
        self._stop()
        self._errors.close()

    def _stop(self) -> None:
        """Ends the process; the next request starts another."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()
        self._process = None


def main() -> None:
    """Answers requests until there are no more."""
    with Path(sys.argv[1]).open("rb") as file:
        check: Check = pickle.load(file)
    answers = os.dup(sys.stdout.fileno())
    for line in sys.stdin.buffer:
        folder, acked, seed = json.loads(line)
        wrong, met = None, []
        try:
            met = check.check(Path(folder), acked, random.Random(seed))
        except Exception:  # noqa: BLE001 - all of it is an answer
            wrong = traceback.format_exc(limit=-4)
        os.write(answers, json.dumps([wrong, met]).encode() + b"\n")


if __name__ == "__main__":
    main()
