"""Budgets on the local service: every way to submit, nested budgets, threads, copies, refunds, prices."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import (
    Budget,
    BudgetExceededError,
    Cost,
    ExecutionConfig,
    JobFailedError,
    Prices,
    QoroEstimator,
    QoroEstimatorGradient,
    QoroFidelity,
    QoroInputError,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
    TemplateEntry,
    characterize,
)
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.service.transport import Link

PROGRAM = "OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"
TEMPLATE = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; rx(a) q[0]; measure q -> c;'


class CountingLink:
    """A link that notes the calls that go over it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def call(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes, timeout_s: float
    ) -> Any:
        self.calls.append(f"{method} {target.partition('?')[0].removeprefix('/api')}")
        return self._link.call(method, target, headers, body, timeout_s)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalService]:
    with serve(workers=2) as service:
        yield service


@pytest.fixture
def link(local: LocalService) -> CountingLink:
    return CountingLink(local.link)


@pytest.fixture
def connect(local: LocalService, link: CountingLink) -> Iterator[Callable[..., QoroProvider]]:
    """Make providers whose calls are counted. Its arguments are those of the provider."""
    opened = []

    def connect(**arguments: Any) -> QoroProvider:
        provider = QoroProvider(local.token, base_url=local.url, link=link, journal=False, **arguments)
        opened.append(provider)
        return provider

    yield connect
    for provider in opened:
        provider.close()


def bell(shots: int = 0) -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    if shots >= 0:
        circuit.measure_all()
    return circuit


def ansatz() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    return circuit


def unmeasured() -> QuantumCircuit:
    return bell(-1)


# Name -> what is submitted with a provider, and how many circuits (or variables) that are.
Submit = Callable[[QoroProvider], Any]
WAYS: dict[str, tuple[Submit, int]] = {
    "run": (lambda provider: provider.get_backend().run([bell()] * 3), 3),
    "sampler": (lambda provider: QoroSampler(provider.get_backend()).run([(bell(),), (bell(),)]), 2),
    "sampler with two jobs": (
        lambda provider: QoroSampler(provider.get_backend(), options={"max_parameter_rows_per_job": 2}).run(
            [(ansatz().measure_all(inplace=False), [[0.1], [0.2], [0.3]])]
        ),
        3,
    ),
    "estimator": (
        lambda provider: QoroEstimator(provider.get_backend()).run([(ansatz(), "Z", [[0.1], [0.2]])]),
        2,
    ),
    "gradient": (
        lambda provider: QoroEstimator(provider.get_backend()).gradient([(ansatz(), "Z", [0.1])]),
        1,
    ),
    "shifted gradient": (
        lambda provider: QoroEstimator(provider.get_backend()).gradient(
            [(ansatz(), "Z", [0.1])], method="parameter_shift"
        ),
        3,
    ),
    "gradient object": (
        lambda provider: QoroEstimatorGradient(provider.get_backend()).run(
            ansatz(), SparsePauliOp("Z"), [[0.1]]
        ),
        1,
    ),
    "states": (lambda provider: provider.get_backend().statevector(unmeasured()), 1),
    "fidelities": (
        lambda provider: QoroFidelity(provider.get_backend()).run([unmeasured()], [unmeasured()]).result(),
        2,
    ),
    "circuits": (lambda provider: provider.service.submit_circuits({"a": PROGRAM, "b": PROGRAM}), 2),
    "observables": (lambda provider: provider.service.submit_circuits({"a": PROGRAM}, ham_ops="Z"), 1),
    "templates": (
        lambda provider: provider.service.submit_circuit_templates(
            [TemplateEntry(TEMPLATE, ["a"], [("x", [0.1]), ("y", [0.2])])]
        ),
        2,
    ),
    "characterization": (
        lambda provider: provider.service.characterize_and_validate({"0": -1.0, "0,2": 2.0}),
        3,
    ),
    "characterize": (lambda provider: characterize(np.eye(2), service=provider.service), 2),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unit", ["credits", "circuits"])
def test_a_budget_that_is_just_enough_is_used_up_and_a_smaller_one_sends_nothing(
    way: str, unit: str, connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    submit, size = WAYS[way]
    step = Decimal("0.01") if unit == "credits" else 1
    small = connect(budget={unit: size * step - step})
    with pytest.raises(BudgetExceededError, match=r"Nothing was sent\. Submit less") as refused:
        submit(small)
    assert not [call for call in link.calls if call.startswith("POST")]
    assert refused.value.budget is small.budgets[0]
    assert (refused.value.cost.circuits or 0) + refused.value.cost.variables == size
    assert small.budgets[0].spent.jobs == 0

    enough = connect(budget={unit: size * step})
    submit(enough)
    assert getattr(enough.budgets[0].remaining, unit) == 0
    with pytest.raises(BudgetExceededError, match="has only 0"):
        submit(enough)


def test_the_shots_of_all_circuits_count(connect: Callable[..., QoroProvider]) -> None:
    provider = connect()
    backend = provider.get_backend()
    with provider.budget(shots=160) as budget:
        backend.run([bell(), bell()], shots=[30, 50])
        backend.run(bell(), shots=20)
        QoroSampler(backend).run([(bell(),)], shots=10)
        templates = [TemplateEntry(TEMPLATE, ["a"], [("x", [0.1]), ("y", [0.2])])]
        provider.service.submit_circuits({"a": PROGRAM, "b": PROGRAM}, shot_groups=[[0, 1, 3], [1, 2, 7]])
        with pytest.raises(
            BudgetExceededError, match="needs 2 circuits, 2,048 shots, but the budget of 160 shots has"
        ):
            provider.service.submit_circuit_templates(templates)
        QoroEstimator(backend).run([(ansatz(), "Z", [0.1])])
    assert budget.spent.shots == 120
    assert budget.remaining.shots == 40


def test_the_jobs_of_a_primitive_are_checked_together(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    sampler = QoroSampler(
        connect(budget={"circuits": 3}).get_backend(), options={"max_parameter_rows_per_job": 2}
    )
    pub = (ansatz().measure_all(inplace=False), [[0.1], [0.2], [0.3], [0.4]])
    assert len(sampler.plan([pub]).jobs) == 2
    with pytest.raises(BudgetExceededError, match=r"4 circuits, 4,096 shots, 2 jobs"):
        sampler.run([pub])
    assert not [call for call in link.calls if call.startswith("POST")]


def test_resubmissions_count(connect: Callable[..., QoroProvider]) -> None:
    provider = connect(budget={"circuits": 3, "shots": 1000})
    job = provider.get_backend().run([bell(), bell()], shots=100)
    job.result()
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        job.resubmit()
    with provider.budget(circuits=10) as inner:
        primitive = QoroSampler(provider.get_backend()).run([(bell(),)], shots=7)
        primitive.result()
        with pytest.raises(BudgetExceededError, match="Nothing was sent"):
            primitive.resubmit()
    assert inner.spent.shots == 7


def test_a_resubmission_from_the_journal_counts_its_shots(tmp_path: Any) -> None:
    with QoroProvider.local(journal=True, budget={"shots": 1000}) as provider:
        job = provider.get_backend().run([bell(), bell()], shots=[100, 200])
        job.result()
        provider.retrieve_job(job.job_id()).resubmit().result()
        assert provider.budgets[0].spent.shots == 600


# --- which budgets apply ------------------------------------------------------------------------------


def test_all_budgets_that_apply_are_checked_and_count(connect: Callable[..., QoroProvider]) -> None:
    provider = connect(budget=1)
    backend = provider.get_backend()
    outermost = provider.budgets[0]
    with provider.budget(circuits=10) as outer:
        with provider.budget(0.05, shots=1_000_000) as inner:
            assert provider.budgets == (outermost, outer, inner)
            backend.run([bell()] * 4)
            with pytest.raises(BudgetExceededError, match=r"budget of 0\.05 credits"):
                backend.run([bell()] * 2)
            assert outer.spent.circuits == outermost.spent.circuits == inner.spent.circuits == 4
        assert provider.budgets == (outermost, outer)
        backend.run([bell()] * 6)
        with pytest.raises(BudgetExceededError, match="budget of 10 circuits"):
            backend.run(bell())
    backend.run(bell())
    assert provider.budgets == (outermost,)
    assert (outermost.spent.circuits, outer.spent.circuits, inner.spent.circuits) == (11, 10, 4)


def test_a_refusal_by_an_outer_budget_takes_nothing_from_the_inner_one(
    connect: Callable[..., QoroProvider],
) -> None:
    provider = connect()
    with provider.budget(circuits=9) as outer, provider.budget(circuits=3), provider.budget(circuits=9):
        with pytest.raises(BudgetExceededError, match="Nothing was sent"):
            provider.get_backend().run([bell()] * 4)
        assert [budget.spent.circuits for budget in provider.budgets] == [0, 0, 0]
    assert outer.remaining.circuits == 9


def test_a_submission_of_nothing_needs_no_budget(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    provider = connect(budget=0)
    link.calls.clear()
    assert QoroEstimator(provider.get_backend()).run([(QuantumCircuit(1), "I")]).result()[0].data.evs == 1
    assert not [call for call in link.calls if "credits" in call]


def test_a_signal_handler_may_submit_while_its_thread_holds_the_locks(
    connect: Callable[..., QoroProvider],
) -> None:
    provider = connect(budget={"circuits": 1})
    with provider.budgets[0]._lock, provider.service.spending._locks.get():
        provider.get_backend().run(bell())
    assert provider.budgets[0].remaining.circuits == 0


def test_a_budget_may_be_shared_by_providers_and_entered_twice(
    connect: Callable[..., QoroProvider],
) -> None:
    shared = Budget(circuits=3)
    first, second = connect(budget=shared), connect(budget=shared)
    first.get_backend().run([bell()] * 2)
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        second.get_backend().run([bell()] * 2)
    second.get_backend().run(bell())
    assert shared.remaining.circuits == 0


def test_a_provider_that_starts_its_service_again_keeps_its_budget() -> None:
    with QoroProvider.local(budget={"circuits": 1}) as provider:
        provider.get_backend().run(bell()).result()
    with provider, pytest.raises(BudgetExceededError, match="Nothing was sent"):
        provider.get_backend().run(bell())


def test_two_threads_cannot_exceed_a_budget_that_has_room_for_one(
    connect: Callable[..., QoroProvider],
) -> None:
    provider = connect()
    backend = provider.get_backend()
    start = threading.Barrier(8)

    def submit() -> bool:
        start.wait()
        try:
            backend.run([bell()] * 2)
        except BudgetExceededError:
            return False
        return True

    # Threads that began before the budget are limited by it too.
    with ThreadPoolExecutor(8) as pool, provider.budget(circuits=7) as budget:
        accepted = [future.result() for future in [pool.submit(submit) for _ in range(8)]]
    assert sum(accepted) == 3
    assert budget.spent.circuits == 6


# --- copies -------------------------------------------------------------------------------------------


def test_copies_in_this_process_spend_from_the_same_budget(connect: Callable[..., QoroProvider]) -> None:
    provider = connect(budget={"circuits": 2})
    for duplicate in (copy.copy(provider), copy.deepcopy(provider.service.spending)):
        assert duplicate.budgets == provider.budgets
    copy.deepcopy(provider.budgets[0]).reserve(Cost(circuits=2))
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        provider.get_backend().run(bell())


def test_a_pickled_provider_with_a_budget_submits_nothing(connect: Callable[..., QoroProvider]) -> None:
    with QoroProvider.local(budget=5, journal=False) as provider:
        provider.get_backend().run(bell()).result()
        copied = pickle.loads(pickle.dumps(provider))
        assert copied.budgets[0].spent == provider.budgets[0].spent
        with pytest.raises(BudgetExceededError, match="was set in another process"):
            copied.get_backend().run(bell())
        assert copied.get_backend().plan(bell()).cost.credits == Decimal("0.01")
        provider.get_backend().run(bell()).result()


# --- what comes back ----------------------------------------------------------------------------------


def test_a_failed_job_is_given_back(connect: Callable[..., QoroProvider]) -> None:
    provider = connect(budget=5)
    wide = QuantumCircuit(70)
    wide.h(range(70))
    wide.measure_all()
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = provider.get_backend().run(wide, execution_config=config)
    assert provider.budgets[0].spent.credits == Decimal("0.01")
    with pytest.raises(JobFailedError, match="is FAILED"):
        job.result()
    assert provider.budgets[0].spent.credits == 0
    assert job.cost == Cost(Decimal(0), circuits=1, shots=1024, is_estimate=False)


def test_a_cancelled_job_is_given_back_by_the_local_service(connect: Callable[..., QoroProvider]) -> None:
    provider = connect(budget=5)
    job = provider.get_backend().run([bell()] * 500, shots=100_000)
    assert provider.budgets[0].spent.credits == Decimal("5.00")
    if job.cancel():
        assert provider.budgets[0].spent == Cost(Decimal(0), 0, 0, jobs=0)
        assert job.cost is not None
        assert job.cost.credits == 0


def test_reading_the_cost_counts_what_was_charged_instead_of_what_was_expected(
    connect: Callable[..., QoroProvider],
) -> None:
    provider = connect(budget=1, prices={"per_circuit": "0.3"})
    job = provider.get_backend().run([bell()] * 3)
    job.result()
    assert provider.budgets[0].spent.credits == Decimal("0.9")
    assert job.cost is not None
    assert job.cost.credits == provider.budgets[0].spent.credits == Decimal("0.03")
    assert not job.cost.is_estimate


# --- prices and costs ---------------------------------------------------------------------------------


def test_the_prices_are_fetched_once_and_only_if_they_are_needed(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    provider = connect()
    backend = provider.get_backend()
    with provider.budget(circuits=10, shots=100_000):
        backend.run(bell())
    assert "GET /credits/" not in link.calls
    with provider.budget(credits=1):
        backend.run(bell())
        backend.run(bell())
    assert backend.plan(bell()).cost.credits == Decimal("0.01")
    assert link.calls.count("GET /credits/") == 1


def test_a_job_without_a_budget_sends_the_same_requests_as_ever(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    backend = connect().get_backend()
    link.calls.clear()
    job_id = backend.run(bell()).job_id()
    assert link.calls == ["POST /job/init/", f"POST /job/{job_id}/add_circuits/"]


def test_the_plan_of_a_run_is_what_the_run_sends(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    backend = connect().get_backend()
    link.calls.clear()
    plan = backend.plan([bell(), bell()], shots=[10, 20], tag="mine")
    assert (plan.num_circuits, plan.num_shots, plan.num_requests, plan.tag) == (2, 30, 2, "mine")
    assert plan.num_bytes > 100
    assert str(plan).startswith("2 circuits on qoro_maestro: 30 shots, ")
    assert "cost" not in plan._repr_html_()
    assert not link.calls
    assert plan.cost == Cost(Decimal("0.02"), circuits=2, shots=30)
    assert "<dt>cost</dt><dd>0.02 credits</dd>" in plan._repr_html_()
    assert str(plan.cost) == "0.02 credits (2 circuits, 30 shots)"
    with pytest.raises(QoroInputError, match="shots"):
        backend.plan(bell(), shots=0)


def test_the_cost_of_a_primitives_plan_is_that_of_all_its_jobs(
    connect: Callable[..., QoroProvider],
) -> None:
    backend = connect(prices=Prices(per_job=Decimal(1), per_shot=Decimal("0.5"))).get_backend()
    sampler = QoroSampler(backend, options={"max_parameter_rows_per_job": 2})
    plan = sampler.plan([(ansatz().measure_all(inplace=False), [[0.1], [0.2], [0.3]], 10)])
    assert str(plan.cost) == "17.00 credits (3 circuits, 30 shots, 2 jobs)"
    nothing = QoroEstimator(backend).plan([(QuantumCircuit(1), "I")])
    assert str(nothing.cost) == "0.00 credits"


def test_the_cost_of_a_job_is_an_estimate_until_it_is_charged(
    connect: Callable[..., QoroProvider], link: CountingLink
) -> None:
    provider = connect()
    slow = provider.get_backend().run([bell()] * 2_000, shots=100_000)
    estimated = slow.cost
    assert estimated is not None
    if slow.cancel():
        assert repr(estimated) == "<Cost 20.00 credits (2,000 circuits, 200,000,000 shots), estimated>"
    job = provider.get_backend().run([bell()] * 2, shots=5)
    job.result()
    assert repr(job.cost) == "<Cost 0.02 credits (2 circuits, 10 shots)>"
    assert job.cost == Cost(Decimal("0.02"), 2, 10, is_estimate=False)
    link.calls.clear()
    assert job.cost == Cost(Decimal("0.02"), 2, 10, is_estimate=False)
    assert not link.calls
    retrieved = provider.retrieve_job(job.job_id())
    assert retrieved.cost == Cost(Decimal("0.02"), None, None, is_estimate=False)
    estimator = QoroEstimator(provider.get_backend()).run([(ansatz(), "Z", [[0.1], [0.2]])])
    estimator.result()
    assert str(estimator.cost) == "0.02 credits (2 circuits)"
    assert str(QoroEstimator(provider.get_backend()).run([(QuantumCircuit(1), "I")]).cost) == "0.00 credits"


def test_a_pickled_plan_has_no_token_and_no_prices(
    connect: Callable[..., QoroProvider], local: LocalService
) -> None:
    backend = connect(prices={"per_job": 1}).get_backend()
    for plan in (backend.plan(bell()), QoroSampler(backend).plan([(bell(),)])):
        assert plan.cost.credits == 1
        pickled = pickle.dumps(plan)
        assert local.token.encode() not in pickled
        assert str(pickle.loads(pickled).cost) == "price unknown (1 circuit, 1,024 shots)"
        assert plan.cost.credits == 1


@pytest.mark.parametrize(
    "budget",
    [
        -1,
        "x",
        True,
        [],
        {},
        {"jobs": 3},
        {"circuits": 1.5},
        {"shots": -1},
        "5, 6",
        float("nan"),
        "1e400",
        1e-20,
        pytest.param(10**5000, id="huge"),
        pytest.param({"circuits": 10**5000}, id="huge count"),
    ],
    ids=repr,
)
def test_a_budget_that_is_no_budget_is_refused(budget: Any) -> None:
    with pytest.raises(QoroInputError, match="expected"):
        QoroProvider.local(budget=budget)


def test_a_budget_without_a_limit_is_refused() -> None:
    provider = QoroProvider.local()
    with pytest.raises(QoroInputError, match="expected credits, circuits or shots"):
        provider.budget()


@pytest.mark.parametrize(
    ("budget", "shown"),
    [
        (5, "5.00 credits"),
        (0.1, "0.10 credits"),
        ("0.00125", "0.00125 credits"),
        (Decimal("7.5"), "7.50 credits"),
        (np.float64(0.25), "0.25 credits"),
        (0.1 + 0.2, "0.30 credits"),  # a float with 17 decimals
        (-0.0, "0.00 credits"),
        (np.int64(3), "3.00 credits"),
        ("circuits=10, shots=2000", "10 circuits, 2,000 shots"),
        ({"credits": "1", "circuits": np.int32(2)}, "1.00 credits, 2 circuits"),
    ],
)
def test_a_budget_can_be_written_in_several_ways(budget: Any, shown: str) -> None:
    assert str(Budget.of(budget).limits) == shown


def test_credits_are_exact_whatever_the_context_of_the_caller() -> None:
    prices = Prices(per_job=10**12, per_shot="999999999999.999999999999")
    with localcontext(prec=3):
        budget = Budget(1000)
        for amount in ("123.456", "0.000000000001"):
            budget.reserve(Cost(Decimal(amount)))
        assert str(budget.spent.credits) == "123.456000000001"
        assert str(budget.remaining) == "876.543999999999 credits"
        cost = Cost(shots=10**15).priced(prices)
    assert str(cost).startswith("1,000,000,000,000,000,999,999,999,000.00 credits")
