"""The QUBO characterization for users: accepted forms of a problem, and a result that can be displayed."""
