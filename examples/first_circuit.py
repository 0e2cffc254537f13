"""Run a GHZ state on the local service. Needs ``pip install ".[local]"`` in a clone and no account."""

from qiskit import QuantumCircuit, transpile

from qiskit_qoro import QoroProvider

circuit = QuantumCircuit(3)
circuit.h(0)
circuit.cx(0, [1, 2])
circuit.measure_all()

backend = QoroProvider.local().get_backend("qoro_maestro")
job = backend.run(transpile(circuit, backend), shots=1000, seed_simulator=7)
print(job.result().get_counts())  # {'000': 514, '111': 486}
