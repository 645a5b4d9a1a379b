# ruff: noqa: PLC0415, TRY301
"""Readers at once: headless clients on loopback, one action each some seconds, against `atlas app`.

    .venv/bin/python benchmarks/app_load.py [--users 30] [--minutes 10] [--every 20]

Each client speaks the app's own web socket as a browser does: it opens a page, then asks for another
round of it, and waits until the server says that it is done. Aim (issue 4, 2 cores): none fails, p95 of at
most 3 s, memory of at most 2 GB and a growth of at most 5 % after the first minute.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

PAGES = ("", "scope", "coverage", "explain", "layers", "what_if")
ROUNDS = ("2007-12-31", "2007-06-30")


@dataclass
class Tally:
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory_mb: list[tuple[float, float]] = field(default_factory=list)


async def client(number: int, address: str, every_s: float, until: float, tally: Tally) -> None:
    """One reader: a page every so often, first after a moment of its own."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from tornado.websocket import websocket_connect

    draw = random.Random(number)
    await asyncio.sleep(draw.random() * every_s)
    socket = await websocket_connect(
        f"{address.replace('http', 'ws')}/_stcore/stream", max_message_size=1 << 28
    )
    try:
        while time.monotonic() < until:
            page = draw.choice(PAGES)
            asked = BackMsg()
            asked.rerun_script.page_name = page
            asked.rerun_script.query_string = (
                f"round={draw.choice(ROUNDS)}&lang={draw.choice(['zh', 'en'])}"
            )
            begun = time.monotonic()
            await socket.write_message(asked.SerializeToString(), binary=True)
            try:
                async with asyncio.timeout(120):
                    while True:
                        said = await socket.read_message()
                        if said is None:
                            raise ConnectionError("closed")
                        message = ForwardMsg()
                        message.ParseFromString(said)
                        kind = message.WhichOneof("type")
                        if (
                            kind == "delta"
                            and message.delta.new_element.WhichOneof("type") == "exception"
                        ):
                            tally.failures.append(
                                f"{page}: {message.delta.new_element.exception.message}"
                            )
                        if kind == "script_finished":
                            break
            except (TimeoutError, ConnectionError) as error:
                tally.failures.append(f"{page}: {error or 'no answer in 120 s'}")
                return
            took = time.monotonic() - begun
            tally.seconds.append(took)
            await asyncio.sleep(max(0.0, every_s - took))
    finally:
        socket.close()


async def watch(pid: int, until: float, tally: Tally) -> None:
    """The server's resident memory, every five seconds."""
    begun = time.monotonic()
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    while time.monotonic() < until:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page_bytes / 1e6
        tally.memory_mb.append((time.monotonic() - begun, resident))
        await asyncio.sleep(5)


async def run(address: str, pid: int, asked: argparse.Namespace) -> Tally:
    tally = Tally()
    until = time.monotonic() + asked.minutes * 60
    users = [client(n, address, asked.every, until, tally) for n in range(asked.users)]
    await asyncio.gather(watch(pid, until, tally), *users)
    return tally


def pid_of(address: str) -> int:
    """The process that listens there, which this script started."""
    port = int(address.rsplit(":", 1)[1])
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(port).encode() in line and b"geo" in line:
                return int(folder.name)
    raise ProcessLookupError(address)


def main() -> None:
    from app_first_map import atlas, serving

    from geo.bundled import embedded_district

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=20, help="seconds between a user's actions")
    asked = parser.parse_args()
    with serving(atlas(embedded_district())) as address:
        tally = asyncio.run(run(address, pid_of(address), asked))
    times = sorted(tally.seconds)
    settled = [mb for at, mb in tally.memory_mb if at >= 60] or [mb for _, mb in tally.memory_mb]
    print(
        f"{len(times)} actions of {asked.users} users in {asked.minutes:g} min, {len(tally.failures)} failed"
    )
    for failure in tally.failures[:5]:
        print("  ", failure)
    if times:
        print(
            f"median {statistics.median(times):.2f} s, p95 {times[int(len(times) * 0.95)]:.2f} s, worst {times[-1]:.2f} s"
        )
    print(
        f"memory at most {max(mb for _, mb in tally.memory_mb):.0f} MB; after the first minute {settled[0]:.0f} → {settled[-1]:.0f} MB ({settled[-1] / settled[0] - 1:+.1%})"
    )


if __name__ == "__main__":
    main()
