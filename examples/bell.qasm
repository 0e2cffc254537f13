// A Bell state: the two qubits always give the same outcome, 00 or 11, each with probability 1/2.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[2];
creg c[2];

h q[0];         // put the first qubit into superposition
cx q[0], q[1];  // entangle the second qubit with it
measure q -> c;
