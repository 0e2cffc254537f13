"""Planning of a submission: which circuits, Pauli strings and shots each service job gets."""
