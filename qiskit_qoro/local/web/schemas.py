"""The JSON Schema of every request and answer body, by name.

The schemas describe what the decoders of :mod:`qiskit_qoro.wire` accept and what its encoders write, as far
as a schema can. It cannot express that a blob unpacks, that ranges tile the circuits, or that names are
distinct. The contract tests validate every answer of the service, and every body that it accepted, against
these schemas.
"""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.local.engine.devices import QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.store.lifecycle import LIFECYCLE
from qiskit_qoro.local.web.json_schema import (
    FLAG,
    NULL,
    NUMBER,
    TEXT,
    Schema,
    array_of,
    integer,
    object_with,
    only_one,
    or_null,
    reference,
    strict_object_with,
)
from qiskit_qoro.models.jobs import JobType
from qiskit_qoro.models.maestro import ENGINE_OPTIONS
from qiskit_qoro.models.states import MAX_STATE_QUBITS, StateQuantity
from qiskit_qoro.wire.gradients.gradient_values import GRADIENT_ENCODING

__all__ = ["SCHEMAS"]

_TIME: Schema = {"type": "string", "format": "date-time"}
_AMOUNT: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
_LIMIT: Schema = object_with("limit used", limit=integer(1), used=integer())
_BLOB: Schema = {"type": "string", "description": "base64 of gzip of the OpenQASM 2 text in UTF-8"}
_OPTIONS: Mapping[str, Schema] = {
    name: option.schema() | {"description": option.help} for name, option in ENGINE_OPTIONS.items()
}
_STATE: Schema = {"type": "string", "pattern": "^[01]+$"}
_RANGE: Schema = array_of(integer(), minItems=2, maxItems=2)

# How the circuits of a body are measured. The `oneOf` of a body defines which of these exclude each other.
_MEASUREMENTS: Mapping[str, Schema] = {
    "shots": or_null(integer(1) | {"description": "shots of every circuit"}),
    "shot_groups": or_null(
        array_of(array_of(integer(), minItems=3, maxItems=3))
        | {"description": "[start, end, shots], half-open, tiling the circuits of this body in order"}
    ),
    "observables": or_null(
        {"type": "string", "description": "groups of Pauli strings, each '@gzs<n>:<blob>', joined by '|'"}
    ),
    "circuit_ham_map": or_null(
        array_of(_RANGE) | {"description": "for each group the half-open range of the job's circuits"}
    ),
}
# Texts, not booleans, as the cloud has them.
_MODE: Mapping[str, Schema] = {
    "mode": {"type": "string", "const": "append"},
    "finalized": {"type": "string", "enum": ["true", "false"], "description": "true on the last body"},
}

SCHEMAS: Mapping[str, Schema] = {
    "Error": object_with("error", error=TEXT),
    "Ping": object_with("status service", status=TEXT, service=TEXT, rehearsal=array_of(TEXT)),
    "QPUSystems": array_of(
        object_with(
            "name qpus access_level supports_expval",
            name=TEXT,
            qpus=array_of(
                object_with(
                    "nickname q_bits status system_kind",
                    nickname=TEXT,
                    q_bits=integer(),
                    status=TEXT,
                    system_kind=TEXT,
                    vendor_type=TEXT,
                )
            ),
            access_level=TEXT,
            supports_expval=FLAG,
            device_properties={"type": "object", "additionalProperties": reference("DeviceProperties")},
        )
    ),
    "DeviceProperties": object_with(
        "operations qubits",
        dt_s=NUMBER,
        qubits=array_of(object_with("", t1_s=NUMBER, t2_s=NUMBER)),
        operations=array_of(
            object_with(
                "name qubits",
                name=TEXT,
                qubits=array_of(integer()),
                error={"type": "number", "minimum": 0, "maximum": 1},
                duration_s={"type": "number", "minimum": 0},
            )
        ),
    )
    | {"description": "an extension: the gates, errors, durations and decay times of a QPU, by its nickname"},
    "SimulatorClusters": array_of(
        object_with("name access_level minimum_tier", name=TEXT, access_level=TEXT, minimum_tier=TEXT)
    ),
    "JobRequest": strict_object_with(
        "job_type",
        tag=or_null(TEXT),
        job_type={"type": "string", "enum": [kind.value for kind in JobType]},
        use_packing=or_null(FLAG),
        simulator_cluster=or_null({"type": "string", "enum": [each.name for each in SIMULATOR_CLUSTERS]}),
        qpu_system_name=or_null({"type": "string", "enum": [each.name for each in QPU_SYSTEMS]}),
        execution_configuration=or_null(reference("ExecutionConfiguration")),
        maestro_config=or_null(reference("MaestroConfig")),
        device_config=or_null(reference("DeviceConfig")),
        state=or_null(reference("StateRequest")),
    )
    | {
        "oneOf": [
            *only_one("simulator_cluster", "qpu_system_name"),
            # Only a characterization needs no target.
            {
                "properties": {
                    "job_type": {"const": JobType.VALIDATE.value},
                    "simulator_cluster": NULL,
                    "qpu_system_name": NULL,
                }
            },
        ]
    },
    "StateRequest": strict_object_with(
        "quantity",
        quantity={"type": "string", "enum": [quantity.value for quantity in StateQuantity]},
        qubits=or_null(array_of(integer(), minItems=1, maxItems=MAX_STATE_QUBITS)),
        bitstrings=or_null(array_of(_STATE, minItems=1)),
        split=or_null(integer(1)),
        repetitions=or_null(integer()),
        observables=or_null(TEXT),
    )
    | {"description": "what a STATE job computes"},
    "FailedJobRequest": strict_object_with(tag=or_null(TEXT)),
    "JobId": object_with("job_id", job_id=TEXT),
    "ExecutionConfiguration": strict_object_with(
        bond_dimension=or_null(integer(1)),
        truncation_threshold=or_null(_OPTIONS["singular_value_threshold"]),
        simulator_type=or_null(_OPTIONS["simulator_type"]),
        simulation_type=or_null(_OPTIONS["simulation_type"]),
        api_meta=or_null(
            strict_object_with(
                optimization_level={"type": "integer"},
                resilience_level={"type": "integer"},
                max_execution_time={"type": "integer"},
                transpilation_seed={"type": "integer"},
                layout_method=TEXT,
                routing_method=TEXT,
                approximation_degree=NUMBER,
            )
        ),
        noisy_device=or_null(TEXT),
        noise_realizations=or_null(integer(1)),
        noise_scaling_factor=or_null({"type": "number", "minimum": 0, "maximum": 1}),
    ),
    "MaestroConfig": strict_object_with(
        **{name: or_null(schema) for name, schema in _OPTIONS.items()},
        noise_model=or_null(
            array_of(object_with("method", method=TEXT, args={"type": "array"}, kwargs={"type": "object"}))
            | {"description": "the calls that build a noise model; a job with such a model fails"}
        ),
        noise_seed=or_null({"type": "integer"}),
        noise_realizations=or_null(integer(1)),
    ),
    "ConfigurationAnswer": object_with(
        "job_id",
        status=TEXT,
        job_id=TEXT,
        execution_configuration=reference("ExecutionConfiguration"),
        maestro_config=reference("MaestroConfig"),
        device_config=reference("DeviceConfig"),
    ),
    "DeviceConfig": {"type": "object", "description": "upper-case keys of the device's vendor"},
    "VendorBlueprints": {
        "type": "object",
        "additionalProperties": object_with(
            "label credentials device",
            label=TEXT,
            credentials=array_of(reference("VendorField")),
            device=array_of(reference("VendorField")),
        ),
    },
    "VendorField": object_with(
        "name kind required secret choices default",
        name=TEXT,
        kind=TEXT,
        required=FLAG,
        secret=FLAG,
        choices=array_of({}),
        default={},
    ),
    "Circuits": strict_object_with(
        "mode finalized circuits",
        **_MODE,
        circuits={"type": "object", "minProperties": 1, "additionalProperties": _BLOB},
        **_MEASUREMENTS,
    )
    | {"oneOf": only_one("shots", "shot_groups", "observables")},
    "Template": strict_object_with(
        "mode finalized circuit_template parameter_names parameter_sets",
        **_MODE,
        circuit_template=_BLOB,
        parameter_names=array_of({"type": "string", "minLength": 1}),
        parameter_sets=array_of(
            strict_object_with("label values", label=TEXT, values=array_of(NUMBER)), minItems=1
        ),
        **_MEASUREMENTS,
        weights=or_null(
            array_of(array_of(NUMBER))
            | {"description": "GRADIENT jobs: a weight for each Pauli string of each group"}
        ),
        circuits=NULL,
    )
    | {"oneOf": only_one("shots", "observables")},
    "StateCircuits": strict_object_with(
        "mode finalized circuits",
        **_MODE,
        circuits={"type": "object", "minProperties": 1, "additionalProperties": _BLOB},
        **dict.fromkeys(_MEASUREMENTS, NULL),
    )
    | {"description": "circuits of a STATE job"},
    "Upload": {"anyOf": [reference("Circuits"), reference("Template"), reference("StateCircuits")]},
    "Added": object_with("status job_id", status=TEXT, job_id=TEXT),
    "JobState": object_with(
        "status",
        status={"type": "string", "enum": [status.value for status in LIFECYCLE]},
        run_time={"type": "number", "minimum": 0, "description": "seconds"},
        circuits_finished=integer() | {"description": "circuits that have a result or have failed"},
        circuits_total=integer(),
    ),
    "ResultsPage": object_with(
        "count next previous results",
        count=integer(),
        next=or_null(TEXT),
        previous=or_null(TEXT),
        results=array_of(reference("CircuitResult")),
    ),
    "FailedPage": object_with(
        "error",
        error=TEXT,
        count=integer() | {"description": "how many circuits have a result or a failure"},
        next=or_null(TEXT),
        previous=or_null(TEXT),
        results=array_of(reference("CircuitResult")),
        failures=array_of(object_with("label error", label=TEXT, error=TEXT)),
    )
    | {"description": "an error with a page of the results and failures of the job's circuits"},
    "CircuitResult": object_with(
        "label results",
        label=TEXT,
        results={
            "anyOf": [
                reference("Histogram"),
                reference("StateArray"),
                reference("Gradients"),
                reference("ExpectationValues"),
            ]
        },
        details=reference("ResultDetails"),
    ),
    "ResultDetails": object_with(
        "",
        method=TEXT,
        reason={"type": "string", "description": "why this method was used"},
        standard_errors={
            "type": "object",
            "description": "for values from random realizations of noise",
            "additionalProperties": {"type": "number", "minimum": 0},
        },
        batches=reference("Batches"),
    ),
    "Batches": object_with(
        "realizations",
        realizations={"type": "integer", "minimum": 1, "description": "in all batches together"},
        values={
            "type": "object",
            "description": "the value of each Pauli string in each batch",
            "additionalProperties": {"type": "array", "items": NUMBER},
        },
        counts={"type": "array", "description": "of each batch", "items": reference("Histogram")},
    ),
    "Histogram": strict_object_with(
        "encoding n_bits payload",
        encoding={"type": "string", "enum": ["qh1", "qh2"]},
        n_bits=integer(),
        payload={"type": "string", "description": "base64"},
    ),
    "StateArray": strict_object_with(
        "encoding shape payload",
        encoding={"type": "string", "enum": ["complex128", "float64"]},
        shape=array_of(integer()),
        payload={"type": "string", "description": "base64 of little-endian numbers in C order"},
    ),
    "Gradients": strict_object_with(
        "encoding n_observables n_params payload",
        encoding={"type": "string", "const": GRADIENT_ENCODING},
        n_observables=integer(),
        n_params=integer(),
        payload={
            "type": "string",
            "description": "base64 of little-endian float64: value and derivatives of each observable",
        },
    ),
    "ExpectationValues": {
        "type": "object",
        "description": "a number for each Pauli string, leftmost letter on qubit 0",
        "propertyNames": {"pattern": "^[IXYZ]+$"},
        "additionalProperties": NUMBER,
    },
    "Cancelled": object_with(
        "status job_id circuits_cancelled", status=TEXT, job_id=TEXT, circuits_cancelled=integer()
    ),
    "CreditBalance": object_with(
        "balance total_used created_at updated_at prices",
        balance=_AMOUNT,
        total_used=_AMOUNT,
        created_at=_TIME,
        updated_at=_TIME,
        prices=object_with(
            "per_job per_circuit per_shot per_variable",
            per_job=_AMOUNT,
            per_circuit=_AMOUNT,
            per_shot=_AMOUNT,
            per_variable=_AMOUNT,
        ),
        quota=object_with(unfinished_jobs=_LIMIT, running_jobs=_LIMIT, circuits_per_day=_LIMIT),
    ),
    "TransactionPage": object_with(
        "count total_pages next previous results",
        count=integer(),
        total_pages=integer(),
        next=or_null(TEXT),
        previous=or_null(TEXT),
        results=array_of(
            object_with(
                "id amount balance_after transaction_type description job_id created_at",
                id={"type": "integer"},
                amount=_AMOUNT,
                balance_after=_AMOUNT,
                transaction_type=TEXT,
                description=TEXT,
                job_id=or_null(TEXT),
                created_at=_TIME,
            )
        ),
    ),
    "Qubo": {
        "type": "object",
        "description": "comma keys ('0,1': number), or the envelope 'factored_v1'",
        "anyOf": [
            {"propertyNames": {"pattern": r"^\d+(,\d+)*$"}, "additionalProperties": NUMBER},
            strict_object_with(
                "_format n k F signs diag",
                _format={"const": "factored_v1"},
                n=integer(1),
                k=integer(),
                F=TEXT,
                signs=array_of({"enum": [-1, 1]}),
                diag=TEXT,
            ),
        ],
    },
    "CharacterizationRequest": strict_object_with(
        "qubo",
        qubo=reference("Qubo"),
        target_states=or_null(array_of(_STATE)),
        reference_states=or_null(array_of(_STATE, minItems=1)),
        options=or_null(
            strict_object_with(
                preset=or_null({"type": "string", "enum": ["fast", "standard", "deep"]}),
                analysis=or_null({"type": "object"}),
                ansatz=or_null({"type": "object"}),
                subspace=or_null({"type": "object"}),
                constraints=or_null(array_of({"type": "object"})),
                cost_qubo=or_null(reference("Qubo")),
                penalty_qubo=or_null(reference("Qubo")),
                n_qubits=or_null(integer(1)),
            )
        ),
    )
    | {"oneOf": only_one("target_states", "reference_states")},
    "Characterization": object_with(
        "job_id status hardness report recommendations created_at completed_at",
        job_id=TEXT,
        status=TEXT,
        hardness=or_null(
            object_with(
                "difficulty spectral_gap condition_number",
                difficulty=TEXT,
                spectral_gap=NUMBER,
                condition_number=NUMBER,
            )
        ),
        report=or_null({"type": "object"}),
        recommendations=array_of(
            object_with(
                "level metric text html",
                level={"type": "string", "enum": ["info", "warn", "action"]},
                metric=TEXT,
                text=TEXT,
                html=TEXT,
            )
        ),
        created_at=_TIME,
        completed_at=or_null(_TIME),
    ),
    "HTML": {"type": "string"},
}
