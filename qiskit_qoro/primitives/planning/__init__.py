"""From PUBs to a plan: which circuits, Pauli strings and shots each service job carries."""
