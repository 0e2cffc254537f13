"""Noise models of the engine, as values that need neither the engine nor Qiskit.

``model.py`` has :class:`~qiskit_qoro.models.noise.model.NoiseModel` with its 43 setters. ``setters.py``
records and checks their calls, and ``parameters.py`` says which values each parameter takes. ``device.py``
builds the model of a device, and ``aer.py`` converts models of Qiskit Aer, with the mathematics in
``channels.py``.
"""
