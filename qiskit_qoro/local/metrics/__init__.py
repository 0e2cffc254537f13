"""The metrics of a service, for Prometheus. Start with ``metrics_app``.

- ``metric_table`` is the table of all metrics, which the documentation shows;
- ``tallies`` counts what happens, without a library;
- ``ended_jobs_tally`` and ``request_tally`` count jobs, circuits and requests since the start of the service;
- ``stored_jobs`` reads what the database knows;
- ``service_metrics`` puts all together, in the objects of ``prometheus_client``;
- ``access`` decides who may read them;
- ``metrics_app`` answers requests for ``/metrics``.

Nothing is registered in the registry of ``prometheus_client`` that all programs of a process share.
"""
