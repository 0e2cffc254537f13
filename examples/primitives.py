"""Print the plan of a parameter sweep, run it with the estimator, and run the sampler. Needs no account."""

import numpy as np
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroEstimator, QoroProvider, QoroSampler

backend = QoroProvider.local().get_backend("qoro_maestro")

# The entanglement of the two qubits grows with the angle.
angle = Parameter("angle")
circuit = QuantumCircuit(2)
circuit.ry(angle, 0)
circuit.cx(0, 1)

# Broadcasting 50 angles, shape (50, 1), and 3 observables, shape (3,), gives 50 rows of 3 values.
angles = np.linspace(0, np.pi, 50).reshape(50, 1, 1)
observables = [SparsePauliOp("ZZ"), SparsePauliOp("XX"), SparsePauliOp(["ZI", "IZ"], [0.5, 0.5])]

estimator = QoroEstimator(backend)
print(estimator.plan([(circuit, observables, angles)]))  # one job, in which the circuit is sent once
values = estimator.run([(circuit, observables, angles)]).result()[0].data.evs
largest = angles[values[:, 1].argmax(), 0, 0]
print(f"XX is largest, {values[:, 1].max():.3f}, at an angle of {largest:.3f}")  # near pi / 2

# Sample the same circuit at three angles.
sampler = QoroSampler(backend)
result = sampler.run([(circuit.measure_all(inplace=False), [[0], [np.pi / 2], [np.pi]])], shots=1000).result()
for place in range(3):
    print(result[0].data.meas.get_counts(place))  # all 00; 00 and 11; all 11
