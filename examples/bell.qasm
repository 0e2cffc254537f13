// A Bell pair: two qubits that always agree, on 0 or on 1, each half of the time.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[2];
creg c[2];

h q[0];         // the first qubit is 0 and 1 at once
cx q[0], q[1];  // the second follows it
measure q -> c;
