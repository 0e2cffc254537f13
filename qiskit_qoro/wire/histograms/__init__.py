"""Histograms of measured bitstrings in the containers QH1 and QH2.

With *v* an unsigned LEB128 number (:mod:`qiskit_qoro.wire.histograms.leb128`)::

    histogram = header totals gaps runs extras
    header    = "QH1" width:1 byte              up to 255 bits
              | "QH2" width:v                   any width
    totals    = unique:v shots:v                number of different bitstrings, and sum of the counts
    gaps      = count:v  v × count              the integers, ascending: the first one, then differences
    runs      = length:v block                  which counts are 1; length of the block in bytes
    block     = count:v [first:1 byte v × count]
                                                lengths of alternating runs; first is 1 if the first run
                                                consists of counts that are 1, else 0
    extras    = count:v  v × count              the other counts, minus 2

The integer of a bitstring is its value in binary; its rightmost character is classical bit 0. A circuit
without classical bits has width 0 and the single bitstring ``""``. A histogram without entries is valid.

Begin with :mod:`~qiskit_qoro.wire.histograms.encoding` and :mod:`~qiskit_qoro.wire.histograms.decoding`.
"""
