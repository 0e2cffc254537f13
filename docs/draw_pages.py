"""Draw the web pages in the guide: ``python docs/draw_pages.py``. ``tox -e browser`` runs it after its tests.

A local service runs a job of each kind. Then the identifiers, times and processes of the service are replaced
by fixed ones, so that a second run draws almost the same pictures. The counts of the simulated QPU differ,
because a QPU takes no seed. Look at the difference before you commit it.
"""

from __future__ import annotations

import io
import random
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection

from chromium import chromium_arguments, find_chromium
from pictured_jobs import JOBS, slow_circuits
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright

from qiskit_qoro import QoroProvider
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.store.records import time_to_text
from qiskit_qoro.pages.app import build_pages
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.opening import sign_in_address
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.pages.views import ClusterView, JobFilter, MachineView, WorkersView, WorkerView
from qiskit_qoro.web_server.port import Port

PICTURES = Path(__file__).parent / "guides" / "pictures"
NOW = datetime(2026, 11, 30, 14, 30, tzinfo=UTC)
CODE = 'QoroProvider(base_url="http://127.0.0.1:8000/api")'
# For each of the jobs in their order: how many minutes ago it was submitted, and how many seconds it ran.
TIMES = (
    (3 * 1440, 0.41),
    (2 * 1440 + 95, 0.87),
    (1440 + 310, 1.3),
    (1440 + 40, 0.06),
    (190, 7.4),
    (95, 2.2),
    (44, 0.35),
    (31, 0.21),
    (12, 1.6),
    (1, 42.0),
    (0.5, 0.0),
)
FINISHED_OF_RUNNING, RUNNING_FOR = 23, timedelta(seconds=42)
WIDE, NARROW, MARGIN = 1300, 400, 24  # pixels


@dataclass(frozen=True)
class Picture:
    """A picture of a page, which is drawn in the light and in the dark colour scheme.

    Attributes:
        name: The name of the file, without the end.
        path: The path of the page. Words in braces are the tags of jobs and stand for their identifiers.
        width: The width of the window in pixels.
        height: The largest height in pixels. The rest of a longer page is cut off.
        schemes: The colour schemes.
        is_signed_in: Whether the browser is signed in.
        has_cluster: Whether the workers are those of a cluster.
    """

    name: str
    path: str
    width: int = WIDE
    height: int = 1500
    schemes: tuple[str, ...] = ("light", "dark")
    is_signed_in: bool = True
    has_cluster: bool = False


DRAWN = (
    Picture("page-jobs", "/pages/jobs"),
    Picture("page-jobs-narrow", "/pages/jobs", NARROW, schemes=("light",)),
    Picture("page-job", "/pages/jobs/{ghz}?circuit=2"),
    Picture("page-job-values", "/pages/jobs/{ising-gradient}", schemes=("light",)),
    Picture("page-job-failed", "/pages/jobs/{too-wide}?circuit=1", height=740, schemes=("light",)),
    Picture("page-systems", "/pages/systems", height=1290),
    Picture("page-workers", "/pages/workers"),
    Picture("page-workers-cluster", "/pages/workers", height=880, schemes=("light",), has_cluster=True),
    Picture("page-credits", "/pages/credits"),
    Picture("page-characterizations", "/pages/characterizations"),
    Picture("page-characterization", "/pages/jobs/{ring-maxcut}"),
    Picture("page-api", "/docs", height=900),
    Picture("page-sign-in", "/pages/jobs", 720, is_signed_in=False),
)


class PicturedSource(LocalSource):
    """The values of a local service, with fixed processes."""

    def workers(self) -> WorkersView:
        """Return two processes, one of which has replaced a lost one."""
        (running,) = self.jobs(JobFilter(frozenset({"RUNNING"})), limit=1, offset=0).rows
        start, loss = NOW - timedelta(days=3), NOW - timedelta(hours=2)
        busy = WorkerView(4711, running.job_id, True, 168 << 20, start, busy_since=NOW - RUNNING_FOR)
        return replace(
            super().workers(),
            workers=[busy, WorkerView(5042, None, False, 121 << 20, loss)],
            num_lost=1,
            last_loss="killed by signal 9, perhaps because the memory was full",
            last_loss_time=loss,
            memory_limit_bytes=8 << 30,
        )


class ClusterSource(PicturedSource):
    """The values of a service with a cluster."""

    def workers(self) -> WorkersView:
        """Return eight machines, one of which is refused."""
        found = super().workers()
        job_id = found.workers[0].job_id
        machines = [
            MachineView(
                f"node{number}",
                f"node{number}.lab.example",
                NOW - timedelta(days=3, minutes=number),
                8,
                num_busy=(8, 8, 5, 8, 0, 8, 7)[number - 1],
                job_ids=[job_id] if job_id and number in (1, 2, 3) else [],
                num_other_jobs=(0, 1, 1, 1, 0, 2, 1)[number - 1],
                cores=16,
                memory_limit_bytes=(7 << 30) if number < 6 else (60 << 30),
                tags=() if number < 6 else ("gpu",),
                devices=() if number < 6 else ("GPU",),
                num_lost=int(number == 4),
            )
            for number in range(1, 8)
        ]
        old = "it has qiskit-qoro 0.1.0, and the service has 0.2.0: install the same version on both"
        refused = MachineView("node8", "node8.lab.example", NOW - timedelta(minutes=2), 8, refusal=old)
        cluster = ClusterView("tls://head.lab.example:8786", [*machines, refused])
        return replace(found, workers=(), cluster=cluster)


def draw() -> None:
    """Draw all pictures."""
    with (
        serve(workers=2) as service,
        serve_pages(service, PicturedSource) as on_machine,
        serve_pages(service, ClusterSource) as on_cluster,
        sync_playwright() as playwright,
    ):
        ids = prepare_jobs(service)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
        for picture in DRAWN:
            path = picture.path.format_map(ids)
            url, address = on_cluster if picture.has_cluster else on_machine
            base = service.url.removesuffix("/api") if path == "/docs" else url
            for scheme in picture.schemes:
                name = picture.name if scheme == "light" else f"{picture.name}-{scheme}"
                page = browser.new_page(
                    color_scheme=scheme,  # type: ignore[arg-type] - it is one of the two
                    # The report in its frame is loaded only if it is in the window.
                    viewport={"width": picture.width, "height": picture.height},
                    reduced_motion="reduce",
                )
                if picture.is_signed_in:
                    page.goto(address())
                    page.wait_for_url("**/jobs")
                page.goto(base + path, wait_until="networkidle")
                save(page.screenshot(full_page=True), picture.height, PICTURES / f"{name}.png")
                page.close()
        browser.close()


@contextmanager
def serve_pages(
    service: LocalService, source_type: type[PicturedSource]
) -> Iterator[tuple[str, Callable[[], str]]]:
    """Serve the pages of a service at a fixed time. Yield their address, and what signs in."""
    parts = service.parts
    with socket.create_server(("127.0.0.1", 0)) as bound, ThreadPoolExecutor() as threads:
        url = "http://{}:{}".format(*bound.getsockname())
        sign_in = SignIn(lambda _token: None, clock=time.monotonic)
        source = source_type(parts, parts.own_account.name, CODE)
        pages = build_pages(sign_in, lambda _account: source, threads, cookie_name="drawn", now=lambda: NOW)
        port = Port(pages, bound)
        port.open()
        try:
            yield url, lambda: sign_in_address(url, sign_in, parts.own_account.name)
        finally:
            port.stop()


def prepare_jobs(service: LocalService) -> dict[str, str]:
    """Run the jobs, and give them fixed identifiers and times. Return tag to identifier."""
    with QoroProvider(service.token, base_url=service.url, journal=False, progress=False) as provider:
        for submit in JOBS:
            submit(provider)
        for tag in ("random-layers", "ghz"):
            provider.get_backend().run(slow_circuits(40), shots=1000, seed_simulator=1, tag=tag).result()
    database = service.parts.database
    database.now = lambda: NOW
    with database.transaction() as connection:
        for number, (minutes, seconds) in enumerate(TIMES, 1):
            place_job(connection, number, NOW - timedelta(minutes=minutes), seconds)
        connection.execute(
            "UPDATE transactions SET created_at = ? WHERE job_id IS NULL",
            (time_to_text(NOW - timedelta(days=4)),),
        )
        running, pending = len(TIMES) - 1, len(TIMES)
        connection.execute(
            "DELETE FROM results WHERE job = ? AND position >= ? OR job = ?",
            (running, FINISHED_OF_RUNNING, pending),
        )
        connection.execute(
            "UPDATE jobs SET status = 'RUNNING', ended_at = NULL, run_time_s = NULL, num_finished = NULL,"
            " started_at = ? WHERE number = ?",
            (time_to_text(NOW - RUNNING_FOR), running),
        )
        connection.execute(
            "UPDATE jobs SET status = 'PENDING', started_at = NULL, ended_at = NULL, run_time_s = NULL,"
            " num_finished = NULL, turn = NULL WHERE number = ?",
            (pending,),
        )
        database.count_finished(running, FINISHED_OF_RUNNING)
        # The first of several jobs with a tag is the one that the pictures show.
        found = connection.execute("SELECT tag, job_id FROM jobs ORDER BY number DESC").fetchall()
        return dict(found)


def place_job(connection: Connection, number: int, submitted: datetime, seconds: float) -> None:
    """Give a job an identifier and times that do not change from run to run."""
    start = submitted + timedelta(seconds=0.4)
    times = [time_to_text(moment) for moment in (submitted, start, start + timedelta(seconds=seconds))]
    (former,) = connection.execute("SELECT job_id FROM jobs WHERE number = ?", (number,)).fetchone()
    job_id = str(uuid.UUID(int=random.Random(number).getrandbits(128), version=4))
    connection.execute(
        "UPDATE jobs SET job_id = ?, created_at = ?, started_at = ?, ended_at = ?, run_time_s = ?"
        " WHERE number = ?",
        (job_id, *times, seconds, number),
    )
    connection.execute(
        "UPDATE transactions SET job_id = ?, created_at = ? WHERE job_id = ?", (job_id, times[0], former)
    )
    connection.execute(
        "UPDATE analyses SET created_at = ?, completed_at = ? WHERE job = ?", (times[0], times[2], number)
    )


def save(screenshot: bytes, height: int, path: Path) -> None:
    """Save a picture without the empty rest of the window, and without what is below a height."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    ground = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, ground).getbbox() or (0, 0, *image.size)
    image = image.crop((0, 0, image.width, min(height, box[3] + MARGIN, image.height)))
    # Few colours make a small file. These settings change no colour visibly.
    few = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    draw()
