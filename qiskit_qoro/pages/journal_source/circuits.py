"""The circuits of a job and their results, which are fetched from the service in small blocks.

A page needs one block, or a few. A block is converted for the pages where it is fetched, so that long results
are not kept. A job that consists of several service jobs has their circuits one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from qiskit_qoro.history import Journal, RecordedJob
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.journal_source.background import Answer, Background
from qiskit_qoro.pages.journal_source.blocks import Block, Part, fetch_all, fetch_block, parts_of, view_of
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.contents import JobContents, read_contents, size_of_circuits
from qiskit_qoro.pages.views import CircuitRow, CircuitsPage, CircuitView

__all__ = ["JobCircuits"]

_LOADING = "The result is being fetched."


class JobCircuits:
    """Reads the circuits of jobs.

    Args:
        journal: The journal, which may have the programs.
        background: Fetches results.
    """

    def __init__(self, journal: Journal, background: Background) -> None:
        self._journal = journal
        self._background = background

    def page(
        self, job: RecordedJob, client: JournalClient | None, *, status: str, limit: int, offset: int
    ) -> CircuitsPage:
        """Return some circuits, in order. The arguments are those of a source."""
        parts = parts_of(job)
        by_status = Counter[str]()
        for part in parts:
            by_status[part.status] += part.num_circuits
        if JobStatus.FAILED.value in by_status and client is not None:
            # Some circuits of a failed job may have a result.
            return self._page_of_failed(parts, client, status, limit, offset)
        # All circuits of a service job have the same status.
        positions = [
            (part, local)
            for part in parts
            if status in ("", part.status)
            for local in range(part.num_circuits)
        ]
        rows, is_loading = self._rows(positions[offset : offset + limit], client)
        return CircuitsPage(rows, len(positions), by_status, is_loading)

    def _page_of_failed(
        self, parts: Sequence[Part], client: JournalClient, status: str, limit: int, offset: int
    ) -> CircuitsPage:
        positions = [(part, local) for part in parts for local in range(part.num_circuits)]
        if status or len(positions) <= limit:
            # The status of each circuit is in the results of all of them.
            answers = [self._all_rows(part, client) for part in parts]
            every = [row for answer in answers for row in answer.value or ()]
            is_loading = any(answer.is_pending for answer in answers)
            rows = [row for row in every if status in ("", row.status)]
            if len(every) == len(positions) or status:
                by_status = Counter(row.status for row in every)
                return CircuitsPage(rows[offset : offset + limit], len(rows), by_status, is_loading)
        shown, is_loading = self._rows(positions[offset : offset + limit], client)
        return CircuitsPage(shown, len(positions), {}, is_loading)

    def circuit(self, job: RecordedJob, client: JournalClient | None, position: int) -> CircuitView | None:
        """Return a circuit of a job; ``None`` if there is none at this position."""
        for part in parts_of(job):
            local = position - part.first
            if 0 <= local < part.num_circuits:
                return self._view(part, local, client)[0]
        return None

    def first_block(self, job: RecordedJob, client: JournalClient) -> Answer[Block]:
        """Return the first circuits of the first service job that failed, or else of the first one."""
        parts = parts_of(job)
        part = next((part for part in parts if part.has_failed), parts[0])
        return self._block(part, 0, client) if part.has_outcome else Answer()

    def contents(self, part: Part, client: JournalClient | None) -> Answer[JobContents]:
        """Return what is known of the circuits of a service job."""
        key, read = self._contents_of(part, client)
        return self._background.look(key, read, size=lambda contents: contents.size)

    def _contents_of(
        self, part: Part, client: JournalClient | None
    ) -> tuple[tuple[str, ...], partial[JobContents]]:
        is_completed = part.status == JobStatus.COMPLETED.value
        service = client.service if client is not None and is_completed else None
        key = ("contents", str(part.entry.number), "" if service is None else part.status)
        return key, partial(read_contents, self._journal, part.entry, service)

    # --- blocks ---------------------------------------------------------------------------------------

    def _rows(
        self, positions: Sequence[tuple[Part, int]], client: JournalClient | None
    ) -> tuple[list[CircuitRow], bool]:
        found = [self._view(part, local, client) for part, local in positions]
        return [view.row for view, _ in found], any(is_loading for _, is_loading in found)

    def _view(self, part: Part, local: int, client: JournalClient | None) -> tuple[CircuitView, bool]:
        """Return a circuit, and whether its result is still being fetched."""
        answer: Answer[Block] = Answer()
        if client is not None and part.has_outcome:
            number, index = divmod(local, part.block_size)
            answer = self._block(part, number, client)
            if answer.value is not None:
                return answer.value.views[index], False
        summary = _LOADING if answer.is_pending else ""
        if client is None and part.has_outcome:
            summary = "The result is not known without a token."
        if answer.error is not None:
            summary = f"The result could not be read: {answer.error}"
        contents = self.contents(part, client)
        view = view_of(part, contents.value or JobContents(part.entry.kind), local, summary=summary)
        return view, answer.is_pending or contents.is_pending

    def _block(self, part: Part, number: int, client: JournalClient) -> Answer[Block]:
        def fetch() -> Block:
            return fetch_block(part, self._known_contents(part, client), client.service(), number)

        key = ("block", part.entry.job_id, number, part.status)
        return self._background.look(key, fetch, size=lambda block: len(block.views) or 1)

    def _all_rows(self, part: Part, client: JournalClient) -> Answer[Sequence[CircuitRow]]:
        def fetch() -> Sequence[CircuitRow]:
            contents = self._known_contents(part, client)
            if not part.has_outcome:
                return [view_of(part, contents, local).row for local in range(part.num_circuits)]
            return fetch_all(part, contents, client.service())

        key = ("rows", part.entry.number, part.status)
        return self._background.look(key, fetch, size=lambda rows: size_of_circuits(len(rows)))

    def _known_contents(self, part: Part, client: JournalClient) -> JobContents:
        key, read = self._contents_of(part, client)
        return self._background.get(key, read, size=lambda contents: contents.size)
