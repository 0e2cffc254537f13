"""The JSON Schema of every body that travels, by name.

They say what the readers of :mod:`qiskit_qoro.wire` accept and what its writers write, as far as a schema
can: that a blob unpacks, that ranges tile the circuits and that names are distinct is beyond it. The
contract tests hold every answer of the service, and every body that it took, against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.local.engine.devices import QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.store.lifecycle import LIFECYCLE
from qiskit_qoro.models.jobs import JobType

__all__ = ["SCHEMAS", "Schema"]

Schema = Mapping[str, Any]


def _object(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """An object with these properties; ``required`` names those that must be there."""
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | ({"required": required.split()} if required else {})


def _strict(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """The same, and nothing else: in a request an unknown key is an error."""
    return _object(required, **properties) | {"additionalProperties": False}


def _list(items: Schema, **bounds: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **bounds}


def _or_null(schema: Schema) -> dict[str, Any]:
    if "$ref" in schema:
        return {"anyOf": [schema, _NULL]}
    changed = dict(schema)
    changed["type"] = [schema["type"], "null"]
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _count(least: int = 0) -> dict[str, Any]:
    return {"type": "integer", "minimum": least}


def _either(name: str, *others: str) -> dict[str, Any]:
    """Of several properties exactly ``name`` is there; the others may be null."""
    there: dict[str, Any] = {name: {"not": _NULL}}
    return {"required": [name], "properties": there | dict.fromkeys(others, _NULL)}


_NULL: Schema = {"type": "null"}
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_AMOUNT: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
_BLOB: Schema = {"type": "string", "description": "base64 of gzip of the OpenQASM 2 text in UTF-8"}
_THRESHOLD: Schema = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
_SIMULATOR: Schema = {
    "type": "integer",
    "enum": [0, 1, 2, 3, 4],
    "description": "0 QiskitAer, 1 QCSim, 2 CompositeQiskitAer, 3 CompositeQCSim, 4 GpuSim",
}
_METHOD: Schema = {
    "type": "integer",
    "enum": [0, 1, 2, 3, 4, 5],
    "description": "0 Statevector, 1 MatrixProductState, 2 Stabilizer, 3 TensorNetwork, 4 PauliPropagator, "
    "5 ExtendedStabilizer",
}
_STATE: Schema = {"type": "string", "pattern": "^[01]+$"}
_RANGE: Schema = _list(_count(), minItems=2, maxItems=2)

_MEASUREMENTS: Mapping[str, Schema] = {
    "shots": _or_null(_count(1) | {"description": "shots of every circuit"}),
    "shot_groups": _or_null(
        _list(_list(_count(), minItems=3, maxItems=3))
        | {"description": "[start, end, shots], half-open, tiling the circuits of this body in order"}
    ),
    "observables": _or_null(
        {"type": "string", "description": "groups of Pauli words, each '@gzs<n>:<blob>', joined by '|'"}
    ),
    "circuit_ham_map": _or_null(
        _list(_RANGE) | {"description": "for each group the half-open range of the job's circuits"}
    ),
}
_MODE: Mapping[str, Schema] = {
    "mode": {"type": "string", "const": "append"},
    "finalized": {"type": "string", "enum": ["true", "false"], "description": "true on the last body"},
}

SCHEMAS: Mapping[str, Schema] = {
    "Error": _object("error", error=_TEXT),
    "Ping": _object("status service", status=_TEXT, service=_TEXT, fault_injection=_list(_TEXT)),
    "QPUSystems": _list(
        _object(
            "name qpus access_level supports_expval",
            name=_TEXT,
            qpus=_list(
                _object(
                    "nickname q_bits status system_kind",
                    nickname=_TEXT,
                    q_bits=_count(),
                    status=_TEXT,
                    system_kind=_TEXT,
                    vendor_type=_TEXT,
                )
            ),
            access_level=_TEXT,
            supports_expval=_FLAG,
        )
    ),
    "SimulatorClusters": _list(
        _object("name access_level minimum_tier", name=_TEXT, access_level=_TEXT, minimum_tier=_TEXT)
    ),
    "JobRequest": _strict(
        "job_type",
        tag=_or_null(_TEXT),
        job_type={"type": "string", "enum": [kind.value for kind in JobType]},
        use_packing=_or_null(_FLAG),
        simulator_cluster=_or_null({"type": "string", "enum": [each.name for each in SIMULATOR_CLUSTERS]}),
        qpu_system_name=_or_null({"type": "string", "enum": [each.name for each in QPU_SYSTEMS]}),
        execution_configuration=_or_null(_ref("ExecutionConfiguration")),
        maestro_config=_or_null(_ref("MaestroConfig")),
        device_config=_or_null(_ref("DeviceConfig")),
    )
    | {
        "oneOf": [
            _either("simulator_cluster", "qpu_system_name"),
            _either("qpu_system_name", "simulator_cluster"),
            {
                "properties": {
                    "job_type": {"const": JobType.VALIDATE.value},
                    "simulator_cluster": _NULL,
                    "qpu_system_name": _NULL,
                }
            },
        ]
    },
    "FailedJobRequest": _strict(tag=_or_null(_TEXT)),
    "JobId": _object("job_id", job_id=_TEXT),
    "ExecutionConfiguration": _strict(
        bond_dimension=_or_null(_count(1)),
        truncation_threshold=_or_null(_THRESHOLD),
        simulator_type=_or_null(_SIMULATOR),
        simulation_type=_or_null(_METHOD),
        api_meta=_or_null(
            _strict(
                optimization_level={"type": "integer"},
                resilience_level={"type": "integer"},
                max_execution_time={"type": "integer"},
                transpilation_seed={"type": "integer"},
                layout_method=_TEXT,
                routing_method=_TEXT,
                approximation_degree=_NUMBER,
            )
        ),
        noisy_device=_or_null(_TEXT),
        noise_realizations=_or_null(_count(1)),
        noise_scaling_factor=_or_null({"type": "number", "minimum": 0, "maximum": 1}),
    ),
    "MaestroConfig": _strict(
        simulator_type=_or_null(_SIMULATOR),
        simulation_type=_or_null(_METHOD),
        max_bond_dimension=_or_null(_count(1)),
        singular_value_threshold=_or_null(_THRESHOLD),
        seed=_or_null({"type": "integer", "minimum": 0, "maximum": 2**64 - 1}),
    ),
    "ConfigurationAnswer": _object(
        "job_id",
        status=_TEXT,
        job_id=_TEXT,
        execution_configuration=_ref("ExecutionConfiguration"),
        maestro_config=_ref("MaestroConfig"),
        device_config=_ref("DeviceConfig"),
    ),
    "DeviceConfig": {"type": "object", "description": "upper-case keys of the device's vendor"},
    "VendorBlueprints": {
        "type": "object",
        "additionalProperties": _object(
            "label credentials device",
            label=_TEXT,
            credentials=_list(_ref("VendorField")),
            device=_list(_ref("VendorField")),
        ),
    },
    "VendorField": _object(
        "name kind required secret choices default",
        name=_TEXT,
        kind=_TEXT,
        required=_FLAG,
        secret=_FLAG,
        choices=_list({}),
        default={},
    ),
    "Circuits": _strict(
        "mode finalized circuits",
        **_MODE,
        circuits={"type": "object", "minProperties": 1, "additionalProperties": _BLOB},
        **_MEASUREMENTS,
    )
    | {
        "oneOf": [
            _either("shots", "shot_groups", "observables"),
            _either("shot_groups", "shots", "observables"),
            _either("observables", "shots", "shot_groups"),
        ]
    },
    "Template": _strict(
        "mode finalized circuit_template parameter_names parameter_sets",
        **_MODE,
        circuit_template=_BLOB,
        parameter_names=_list(_TEXT),
        parameter_sets=_list(_strict("label values", label=_TEXT, values=_list(_NUMBER)), minItems=1),
        **_MEASUREMENTS,
        circuits=_NULL,
    )
    | {"oneOf": [_either("shots", "observables"), _either("observables", "shots")]},
    "Upload": {"anyOf": [_ref("Circuits"), _ref("Template")]},
    "Added": _object("status job_id", status=_TEXT, job_id=_TEXT),
    "JobState": _object(
        "status",
        status={"type": "string", "enum": [status.value for status in LIFECYCLE]},
        run_time={"type": "number", "minimum": 0, "description": "seconds"},
    ),
    "ResultsPage": _object(
        "count next previous results",
        count=_count(),
        next=_or_null(_TEXT),
        previous=_or_null(_TEXT),
        results=_list(_ref("CircuitResult")),
    ),
    "FailedPage": _object(
        "error",
        error=_TEXT,
        count=_count() | {"description": "how many circuits have a result or a reason"},
        next=_or_null(_TEXT),
        previous=_or_null(_TEXT),
        results=_list(_ref("CircuitResult")),
        failures=_list(_object("label error", label=_TEXT, error=_TEXT)),
    )
    | {"description": "a job that failed also says what came of its circuits, in pages as for results"},
    "CircuitResult": _object(
        "label results",
        label=_TEXT,
        results={"anyOf": [_ref("Histogram"), _ref("ExpectationValues")]},
    ),
    "Histogram": _strict(
        "encoding n_bits payload",
        encoding={"type": "string", "enum": ["qh1", "qh2"]},
        n_bits=_count(),
        payload={"type": "string", "description": "base64"},
    ),
    "ExpectationValues": {
        "type": "object",
        "description": "a number for each Pauli word, leftmost letter on qubit 0",
        "propertyNames": {"pattern": "^[IXYZ]+$"},
        "additionalProperties": _NUMBER,
    },
    "Cancelled": _object(
        "status job_id circuits_cancelled", status=_TEXT, job_id=_TEXT, circuits_cancelled=_count()
    ),
    "CreditBalance": _object(
        "balance total_used created_at updated_at",
        balance=_AMOUNT,
        total_used=_AMOUNT,
        created_at=_TIME,
        updated_at=_TIME,
    ),
    "TransactionPage": _object(
        "count total_pages next previous results",
        count=_count(),
        total_pages=_count(),
        next=_or_null(_TEXT),
        previous=_or_null(_TEXT),
        results=_list(
            _object(
                "id amount balance_after transaction_type description job_id created_at",
                id={"type": "integer"},
                amount=_AMOUNT,
                balance_after=_AMOUNT,
                transaction_type=_TEXT,
                description=_TEXT,
                job_id=_or_null(_TEXT),
                created_at=_TIME,
            )
        ),
    ),
    "Qubo": {
        "type": "object",
        "description": "comma keys ('0,1': number), or the envelope 'factored_v1'",
        "anyOf": [
            {"propertyNames": {"pattern": r"^\d+(,\d+)*$"}, "additionalProperties": _NUMBER},
            _strict(
                "_format n k F signs diag",
                _format={"const": "factored_v1"},
                n=_count(1),
                k=_count(),
                F=_TEXT,
                signs=_list({"enum": [-1, 1]}),
                diag=_TEXT,
            ),
        ],
    },
    "CharacterizationRequest": _strict(
        "qubo",
        qubo=_ref("Qubo"),
        target_states=_or_null(_list(_STATE)),
        reference_states=_or_null(_list(_STATE, minItems=1)),
        options=_or_null(
            _strict(
                preset=_or_null({"type": "string", "enum": ["fast", "standard", "deep"]}),
                analysis=_or_null({"type": "object"}),
                ansatz=_or_null({"type": "object"}),
                subspace=_or_null({"type": "object"}),
                constraints=_or_null(_list({"type": "object"})),
                cost_qubo=_or_null(_ref("Qubo")),
                penalty_qubo=_or_null(_ref("Qubo")),
                n_qubits=_or_null(_count(1)),
            )
        ),
    )
    | {
        "oneOf": [
            _either("target_states", "reference_states"),
            _either("reference_states", "target_states"),
        ]
    },
    "Characterization": _object(
        "job_id status hardness report recommendations created_at completed_at",
        job_id=_TEXT,
        status=_TEXT,
        hardness=_or_null(
            _object(
                "difficulty spectral_gap condition_number",
                difficulty=_TEXT,
                spectral_gap=_NUMBER,
                condition_number=_NUMBER,
            )
        ),
        report=_or_null({"type": "object"}),
        recommendations=_list(
            _object(
                "level metric text html",
                level={"type": "string", "enum": ["info", "warn", "action"]},
                metric=_TEXT,
                text=_TEXT,
                html=_TEXT,
            )
        ),
        created_at=_TIME,
        completed_at=_or_null(_TIME),
    ),
    "HTML": {"type": "string"},
}
