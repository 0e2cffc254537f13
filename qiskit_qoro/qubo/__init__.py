"""QUBO characterization as the user calls it: problems in, a displayable result out."""
