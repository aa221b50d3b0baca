"""Writers for the tests of the log, each in a process of its own. Run as a script, never imported.

Forking from a small process that has everything loaded makes a writer start in about a millisecond. Reads
orders from standard input, one JSON object a line; a writer answers `<head> <commit id> <size>` for every
commit that `append` has returned from. When it has ended, the line `ended <wait status>` follows.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import closing
from typing import NoReturn

import msgspec

from refflow.log.database import connect
from refflow.log.log import Conflict
from refflow.log.sqlite import SqliteLog
from refflow.testing.commits import KINDS, parts


class Write(msgspec.Struct, tag=True):
    """Append `commits` commits; be killed after `kill_after` seconds, if not None.

    They count from the fork, so that the kill may hit while the log is opened and recovered; `under_way`: from
    the first acknowledgement.
    """

    path: str
    commits: int
    kill_after: float | None = None
    under_way: bool = False


class Lose(msgspec.Struct, tag=True):
    """Append the commit `number` of `size` events and die: before it is `stored`, or before saying so."""

    path: str
    number: int
    size: int
    stored: bool


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write(order: Write, begun: int) -> None:
    chance = random.Random(os.urandom(8))
    with closing(connect(order.path)) as connection:
        log = SqliteLog(connection, KINDS)
        head = log.head()
        for number in range(order.commits):
            commit = parts(chance.randint(1, 5), "x" * chance.choice([0, 10, 3000]), chance.getrandbits(40))
            while True:
                try:
                    head = log.append(commit, head)
                    break
                except Conflict:
                    head = log.head()
            say(f"{head} {commit.id} {len(commit.events)}")
            if number == 0:
                os.close(begun)


def lose(order: Lose) -> None:
    log = SqliteLog(connect(order.path), KINDS)
    log.append(parts(order.size, number=order.number), log.head(), None if order.stored else die)
    die()


def child(order: Write | Lose, begun: int) -> NoReturn:
    try:
        write(order, begun) if isinstance(order, Write) else lose(order)
        os._exit(0)
    finally:
        os._exit(1)


def main() -> None:
    decode = msgspec.json.Decoder(Write | Lose).decode
    for line in sys.stdin:
        order = decode(line)
        waiting, begun = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(order, begun)
        os.close(begun)
        if isinstance(order, Write) and order.kill_after is not None:
            if order.under_way:
                os.read(waiting, 1)  # returns once the writer has closed its end
            time.sleep(order.kill_after)
            os.kill(pid, signal.SIGKILL)
        os.close(waiting)
        say(f"ended {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    main()
