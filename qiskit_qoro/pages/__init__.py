"""The web pages: jobs and their results, systems, workers, credits and characterizations.

The same pages show the jobs of a local service and those in the journal of this machine. Start with
:mod:`~qiskit_qoro.pages.source`, the interface to what is shown, and :mod:`~qiskit_qoro.pages.app`, which
answers the requests. :mod:`~qiskit_qoro.pages.views` has the values between the two.

Strategy: the server renders everything. htmx replaces the part of a page that changes by itself, and without
JavaScript the pages work by reloading. Every page of the browser gets values of one signed-in account only.
"""
