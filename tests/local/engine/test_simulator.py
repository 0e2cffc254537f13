"""Counts and expectation values agree with Qiskit's Statevector. Programs for which they would not are
refused."""

import builtins
import random
import re

import numpy as np
import pytest
from qiskit.quantum_info import Pauli, Statevector

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.local.engine.supported import SUPPORTED_METHODS
from qiskit_qoro.local.installation import INSTALL_COMMAND
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
PLAIN = EngineSettings()
SEEDED = EngineSettings(MaestroConfig(seed=1))
SHOTS = 2000


def random_gate(rng, width):
    name, gate = rng.choice(list(GATES.items()))
    angles = ",".join(repr(rng.uniform(-4, 4)) for _ in range(gate.num_params))
    qubits = ",".join(f"q[{index}]" for index in rng.sample(range(width), gate.num_qubits))
    return f"{name}{f'({angles})' if angles else ''} {qubits};"


def random_program(seed, *, dynamic):
    """Several registers, gates, and measurements into any bit.

    A dynamic program also has mid-circuit measurements, resets and conditions.
    """
    rng = random.Random(seed)
    width = rng.randint(3, 5)
    cregs = {name: rng.randint(1, 3) for name in "abc"[: rng.randint(1, 3)]}

    def measure():
        name = rng.choice(list(cregs))
        return f"measure q[{rng.randrange(width)}] -> {name}[{rng.randrange(cregs[name])}];"

    lines = [f"qreg q[{width}];", *(f"creg {name}[{size}];" for name, size in cregs.items())]
    for _ in range(rng.randint(4, 12)):
        kind = rng.random() if dynamic else 1.0
        if kind < 0.2:
            lines.append(measure())
        elif kind < 0.3:
            lines.append(f"reset q[{rng.randrange(width)}];")
        elif kind < 0.5:
            name = rng.choice(list(cregs))
            body = rng.choice([random_gate(rng, width), measure(), f"reset q[{rng.randrange(width)}];"])
            lines.append(f"if ({name} == {rng.randrange(2 ** cregs[name])}) {body}")
        else:
            lines.append(random_gate(rng, width))
    lines += [measure() for _ in range(rng.randint(1, 4))]
    return HEADER + "\n".join(lines)


def exact_values(text, pauli_strings):
    """Qiskit's expectation values. The leftmost letter of a Pauli string is on qubit 0."""
    state = Statevector(parse_program(text))
    padded = [pauli_string.ljust(state.num_qubits, "I") for pauli_string in pauli_strings]
    return [state.expectation_value(Pauli(pauli_string[::-1])).real for pauli_string in padded]


@pytest.mark.parametrize("seed", range(40))
def test_counts_agree_for_partial_repeated_conditional_and_mid_circuit_measurement(
    seed, exact, assert_sampled_from
):
    text = random_program(seed, dynamic=bool(seed % 4))
    counts = sample(text, SHOTS, EngineSettings(MaestroConfig(seed=seed)))
    assert_sampled_from(counts, exact(parse_program(text)))


PAIRS = [
    (simulator, method) for simulator, methods in SUPPORTED_METHODS.items() for method in sorted(methods)
]


@pytest.mark.parametrize(("simulator", "method"), PAIRS)
def test_every_supported_simulator_and_method_agrees(simulator, method, exact, assert_sampled_from):
    settings = EngineSettings(MaestroConfig(simulator_type=simulator, simulation_type=method))
    prepare = "qreg q[3]; creg c[3]; h q[0]; cx q[0],q[2]; sdg q[2]; h q[2]; cz q[1],q[2]; h q[1];"
    if method is not SimulationMethod.Stabilizer:
        prepare += "ry(0.7) q[1]; t q[2]; cx q[2],q[1];"
    measured = HEADER + prepare + "measure q[0] -> c[2]; measure q[2] -> c[0];"
    assert_sampled_from(sample(measured, SHOTS, settings), exact(parse_program(measured)))
    dynamic = measured + "reset q[0]; if(c == 4) x q[1]; h q[2]; measure q[1] -> c[1]; measure q[2] -> c[0];"
    assert_sampled_from(sample(dynamic, 300, settings), exact(parse_program(dynamic)))
    pauli_strings = ["ZII", "XXI", "YZX", "IYZ", "ZZZ"]
    expected = exact_values(HEADER + prepare, pauli_strings)
    assert estimate(HEADER + prepare, pauli_strings, settings) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("options", [{}, {"auto_reduce": True}, {"simulation_type": "Stabilizer"}])
def test_the_stabilizer_method_runs_sx_beside_other_qubits(options):
    # By default the engine writes this sx as rx, which it then refuses.
    width = 60 if "simulation_type" not in options else 3
    text = (
        HEADER
        + f"qreg q[{width}]; h q[0]; sx q[0]; cx q[1],q[2];"
        + "".join(f"cx q[{qubit}],q[{qubit + 1}];" for qubit in range(2, width - 1))
    )
    settings = EngineSettings(MaestroConfig(**options))
    assert estimate(text + "sx q[0];", ["X", "Y", "IZZ"], settings) == pytest.approx([1, 0, 1])
    assert estimate(text.replace("h q[0];", ""), ["X", "Y", "Z"], settings) == pytest.approx([0, -1, 0])


def test_bitstrings_have_all_classical_bits_with_bit_0_on_the_right():
    text = (
        HEADER
        + "qreg q[6]; creg a[2]; creg b[3]; x q[5]; x q[0]; measure q[5] -> b[1]; measure q[0] -> a[0];"
    )
    assert sample(text, 10, PLAIN) == {"01001": 10}


def test_qubits_beyond_the_classical_bits_do_not_change_the_bitstrings():
    text = HEADER + "qreg q[9]; creg c[1]; x q[0]; x q[8]; measure q[0] -> c[0];"
    assert sample(text, 10, PLAIN) == {"1": 10}


def test_without_measurement_all_bits_are_0_and_without_classical_bits_counts_are_empty():
    assert sample(HEADER + "qreg q[2]; creg c[3]; x q;", 7, PLAIN) == {"000": 7}
    assert sample(HEADER + "qreg q[2]; x q;", 7, PLAIN) == {}


def test_counts_repeat_with_the_same_seed_and_differ_without_one():
    text = HEADER + "qreg q[8]; creg c[8]; h q; measure q -> c;"
    assert sample(text, 500, SEEDED) == sample(text, 500, SEEDED)
    assert sample(text, 500, PLAIN) != sample(text, 500, PLAIN)


def chain(width, first):
    """A gate on the first qubit, and CX gates that copy its value to the others."""
    links = "".join(f"cx q[{index}],q[{index + 1}];" for index in range(width - 1))
    return HEADER + f"qreg q[{width}]; creg c[{width}]; {first} q[0]; {links} measure q -> c;"


def test_seventy_entangled_qubits_are_all_0_or_all_1(assert_sampled_from):
    assert_sampled_from(sample(chain(70, "h"), 1000, PLAIN), {"0" * 70: 0.5, "1" * 70: 0.5})


def test_seventy_qubits_with_non_clifford_gates_run_as_a_matrix_product_state(assert_sampled_from):
    zero = np.cos(0.4) ** 2
    counts = sample(chain(70, "ry(0.8)"), 1000, PLAIN)
    assert_sampled_from(counts, {"0" * 70: zero, "1" * 70: 1 - zero})


def test_two_busy_qubits_of_three_hundred_fit_in_a_state_vector(assert_sampled_from):
    text = (
        HEADER
        + "qreg q[300]; creg c[2]; h q[3]; cx q[3],q[297]; measure q[3] -> c[0]; measure q[297] -> c[1];"
    )
    config = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Statevector))
    assert_sampled_from(sample(text, 1000, config), {"00": 0.5, "11": 0.5})


def test_the_bond_dimension_and_the_truncation_threshold_limit_the_entanglement():
    body = "".join(f"ry({0.3 + 0.1 * i}) q[{i}];" for i in range(8)) + "".join(
        f"cx q[{i}],q[{7 - i}];" for i in range(4)
    )
    text = HEADER + "qreg q[8];" + body
    pauli_strings = ["XXXXXXXX", "ZIIIIIIZ", "XIIIIIIX"]
    exact = np.array(exact_values(text, pauli_strings))
    sufficient = estimate(text, pauli_strings, EngineSettings(MaestroConfig(max_bond_dimension=16)))
    too_small = estimate(text, pauli_strings, EngineSettings(MaestroConfig(max_bond_dimension=1)))
    truncated = estimate(text, pauli_strings, EngineSettings(MaestroConfig(singular_value_threshold=0.5)))
    assert sufficient == pytest.approx(exact, abs=1e-9)
    assert np.abs(too_small - exact).max() > 0.01
    assert np.abs(truncated - exact).max() > 0.01


@pytest.mark.parametrize("seed", range(10))
def test_expectation_values_agree_with_idle_qubits_and_final_measurements(seed):
    rng = random.Random(seed)
    body = "qreg q[7]; creg c[2]; reset q;" + "".join(random_gate(rng, 4) for _ in range(10))
    pauli_strings = ["".join(rng.choices("IXYZ", k=rng.randint(1, 7))) for _ in range(30)] + ["I", "IIIIIII"]
    measured = HEADER + body + "measure q[0] -> c[0]; barrier q; measure q[0] -> c[1];"
    values = estimate(measured, pauli_strings, PLAIN)
    expected = exact_values(HEADER + body.replace("reset q;", ""), pauli_strings)
    assert values == pytest.approx(expected, abs=1e-12)
    assert values[-2:] == [1.0, 1.0]


def test_repeated_pauli_strings_get_their_value_each_time():
    assert estimate(HEADER + "qreg q[1]; x q[0];", ["Z", "I", "Z"], PLAIN) == pytest.approx([-1, 1, -1])


@pytest.mark.parametrize(
    "body", ["h q[0]; reset q[0];", "h q[0]; measure q[0] -> c[0]; h q[0];", "if (c == 0) x q[0];"]
)
def test_expectation_values_of_a_state_that_depends_on_chance_are_refused(body):
    with pytest.raises(QoroInputError, match="depends on chance"):
        estimate(HEADER + "qreg q[1]; creg c[1];" + body, ["Z"], PLAIN)


@pytest.mark.parametrize("text", ["", "zi", "Z0", "Z I", "-ZI", "1.0*Z", "ZI;IZ", "ZI,IZ", "A", "Z\n"])
def test_text_that_is_not_a_pauli_string_is_refused(text):
    with pytest.raises(QoroInputError, match="not a Pauli string"):
        estimate(HEADER + "qreg q[2]; h q[0];", [text], PLAIN)


def test_a_pauli_string_longer_than_the_program_is_refused():
    with pytest.raises(QoroInputError, match="3 letters and the program 2 qubits"):
        estimate(HEADER + "qreg q[2]; h q[0];", ["ZZZ"], PLAIN)


@pytest.mark.parametrize("shots", [0, -1, 2**31 - 1])
def test_shots_that_would_hang_the_engine_are_refused(shots):
    with pytest.raises(QoroInputError, match="expected 1 to"):
        sample(chain(2, "h"), shots, PLAIN)


@pytest.mark.parametrize("width", [31, 63, 64, 65, 66, 128])
def test_state_vectors_that_would_crash_the_engine_are_refused(width):
    text = HEADER + f"qreg q[{width}]; creg c[{width}]; h q; measure q -> c;"
    config = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Statevector))
    with pytest.raises(
        QoroInputError, match=f"state vector of {width} qubits.*use simulation_type Stabilizer"
    ):
        sample(text, 10, config)


def test_an_invalid_program_is_refused_with_line_and_column():
    with pytest.raises(QoroInputError, match="line 2, column"):
        sample(HEADER + "qreg q[1]; h r[0];", 10, PLAIN)


def test_without_the_engine_the_error_says_how_to_install_it(monkeypatch):
    real_import = builtins.__import__

    def no_engine(name, *args, **kwargs):
        if name == "maestro":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_engine)
    with pytest.raises(QoroError, match=rf"{re.escape(INSTALL_COMMAND)}.*Linux x86-64"):
        sample(chain(2, "h"), 10, PLAIN)


def test_aer_counts_bits_in_the_same_order():
    counts = sample(chain(3, "x"), 10, EngineSettings(MaestroConfig(simulator_type=Simulator.QiskitAer)))
    assert counts == {"111": 10}


def equality(width, number, content):
    """Return a program that flips a qubit if a register with a given content equals a number."""
    ones = "".join(f"measure q[0] -> c[{bit}];" for bit in range(width) if content >> bit & 1)
    condition = f"if (c == {number}) x q[1];"
    return f"{HEADER}qreg q[2]; creg c[{width}]; creg d[1]; x q[0]; {ones} {condition} measure q[1] -> d[0];"


@pytest.mark.parametrize("number", [0, 1, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64])
@pytest.mark.parametrize("width", [1, 30, 31, 32, 33, 62, 63, 64, 65, 151])
def test_a_register_of_any_width_is_compared_with_any_number(width, number):
    largest = 2**width - 1
    for content in sorted({0, number & largest, (number ^ 1) & largest, number & largest ^ 1 << width - 1}):
        counts = sample(equality(width, number, content), 5, SEEDED)
        assert counts == {f"{int(content == number)}{content:0{width}b}": 5}


def coin_weighing(width):
    """Return a program that finds a false coin, like ``cc_n151`` of QASMBench: hundreds of operations run
    under two conditions on all bits."""
    last, first_bit = width - 1, f"if (c == {2 ** (width - 1)})"
    coins = range(last)
    return "".join(
        [
            f"{HEADER}qreg q[{width}]; creg c[{width}];",
            *(f"h q[{coin}]; cx q[{coin}],q[{last}];" for coin in coins),
            f"measure q[{last}] -> c[{last}];",
            f"if (c == 0) x q[{last}]; if (c == 0) h q[{last}];",
            *(f"{first_bit} h q[{coin}];" for coin in coins),
            f"if (c == 0) cx q[3],q[{last}];",
            *(f"if (c == 0) h q[{coin}];" for coin in coins),
            *(f"measure q[{coin}] -> c[{coin}];" for coin in coins),
        ]
    )


@pytest.mark.parametrize("width", [12, 31, 32, 64, 151, 301])
def test_hundreds_of_operations_run_under_a_condition_on_a_wide_register(width):
    counts = sample(coin_weighing(width), 40, SEEDED)

    flip = str.maketrans("01", "10")
    # With an even number of coins on the scale, the false coin is found, or all others are.
    found = "1000".rjust(width - 1, "0")
    assert {key[1:] for key in counts if key[0] == "0"} <= {found, found.translate(flip)}
    # With an odd number, the qubits of the coins are all alike.
    alike = "0" * (width - 1)
    assert {key[1:] for key in counts if key[0] == "1"} <= {alike, alike.translate(flip)}
    assert len(counts) > 1


class FixedProgram:
    """A source of a program with a text that the engine refuses."""

    def __init__(self, line):
        self.program = EngineProgram(
            text=f"{HEADER}qreg q[1];\ncreg c[1];\nh q[0];\n{line}\n",
            qubits=(0,),
            num_qubits=1,
            num_clbits=1,
            has_measurement=True,
            randomness=None,
        )

    def read(self, *, measure=True, basis_gates=None):
        return self.program


@pytest.mark.parametrize(
    "run",
    [
        lambda source: sample(source, 10, PLAIN),
        lambda source: sample(source, 10, engine_settings(None, "local_qpu")),
        lambda source: estimate(source, ["Z"], PLAIN),
        lambda source: estimate(
            source, ["Z"], EngineSettings(MaestroConfig(simulation_type=SimulationMethod.MatrixProductState))
        ),
    ],
    ids=["sample", "noisy sample", "compiled estimate", "estimate"],
)
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("unknown q[0];", "unknown"),
        ("if(c==2147483648) x q[0];", r"Unparsed input remaining: 'if\(c==2147483648\)"),
        ("if(c==2) x q[0];", "Condition value 2 does not fit classical register 'c' of width 1"),
        ("if(c==1) reset q[0];", "Conditional 'reset'"),
    ],
)
def test_an_error_contains_the_engines_own_reason(run, line, reason):
    with pytest.raises(QoroError, match=f"the engine cannot parse the program: .*{reason}"):
        run(FixedProgram(line))


def test_the_engines_reason_quotes_only_the_beginning_of_the_program():
    with pytest.raises(QoroError, match="Unparsed input") as caught:
        sample(FixedProgram("if(c==2147483648) x q[0];\n" + "x q[0];\n" * 10_000), 10, PLAIN)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("shots", [0, 10_000_001])
def test_the_number_of_shots_is_limited(shots):
    text = HEADER + "qreg q[1]; creg c[1]; measure q -> c;"
    with pytest.raises(QoroInputError, match=f"shots is {shots}, expected 1 to 10000000"):
        sample(text, shots, PLAIN)
    assert sample(text, 10_000_000, PLAIN) == {"0": 10_000_000}
