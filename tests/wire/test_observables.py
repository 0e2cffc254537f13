"""Observables: parsing of ham_ops, and the wire format."""

import base64
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.observables import decode_observables, encode_observables, parse_ham_ops
from qiskit_qoro.wire.text import encode_text

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "observables.json").read_text())
INDEPENDENT = [case for name, cases in GOLDEN.items() if name.startswith("qoro-divi") for case in cases]
SPARSE = [(case["dense"], case["sparse"]) for case in GOLDEN["sparse_by_hand"]]


def groups_of_pauli_strings():
    def pauli_strings(length):
        return st.lists(st.text("IXYZ", min_size=length, max_size=length), min_size=1, max_size=6).map(tuple)

    return st.lists(st.integers(1, 130).flatmap(pauli_strings), min_size=1, max_size=4).map(tuple)


def sparse_texts(wire):
    blobs = [group.split(":")[1] for group in wire.split("|")]
    return [gzip.decompress(base64.b64decode(blob)).decode() for blob in blobs]


# --- ham_ops --------------------------------------------------------------------------------------------


def test_pauli_strings_and_groups_are_parsed_in_order():
    assert parse_ham_ops("ZZI;IXX|Y") == (("ZZI", "IXX"), ("Y",))


def test_white_space_around_pauli_strings_is_ignored():
    assert parse_ham_ops(" ZZ ;\n\tXX | YY\n") == (("ZZ", "XX"), ("YY",))


def test_groups_may_differ_in_length():
    assert parse_ham_ops("Z|XXXX") == (("Z",), ("XXXX",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "group 0, Pauli string 0 is empty"),
        ("ZZ;", "group 0, Pauli string 1 is empty"),
        ("ZZ;;XX", "group 0, Pauli string 1 is empty"),
        ("ZZ||XX", "group 1, Pauli string 0 is empty"),
        ("ZZ|XX; |YY", "group 1, Pauli string 1 is empty"),
        ("ZZ;XA", "group 0, Pauli string 1 has 'A' at position 1, expected the letters I, X, Y and Z"),
        ("ZZ|XX;zX", "group 1, Pauli string 1 has 'z' at position 0, .* in upper case"),
        ("Z Z", "group 0, Pauli string 0 has ' ' at position 1"),
        ("-ZZ", "group 0, Pauli string 0 has '-' at position 0"),
        ("Z0X1", "group 0, Pauli string 0 has '0' at position 1"),
        ("ZZ\u00c9", "group 0, Pauli string 0 has '\u00c9' at position 2"),
        ("ZZ;XX;YYY", "group 0, Pauli string 2 has 3 letters, expected 2"),
        (["ZZ"], r"ham_ops is \['ZZ'\], expected text"),
    ],
)
def test_an_error_in_ham_ops_gives_group_pauli_string_and_reason(text, message):
    with pytest.raises(QoroInputError, match=message):
        parse_ham_ops(text)


# --- the wire format ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN["by_hand"])
def test_pauli_strings_encode_to_the_golden_text_and_back(case):
    groups = parse_ham_ops(case["dense"])
    assert encode_observables(groups) == case["wire"]
    assert decode_observables(case["wire"]) == groups


@pytest.mark.parametrize(("dense", "sparse"), SPARSE)
def test_pauli_strings_have_the_sparse_form_worked_out_by_hand(dense, sparse):
    assert sparse_texts(encode_observables(parse_ham_ops(dense))) == [sparse]


@pytest.mark.parametrize("case", INDEPENDENT)
def test_the_text_of_an_independent_client_is_decoded(case):
    assert decode_observables(case["wire"]) == parse_ham_ops(case["dense"])


@pytest.mark.parametrize("case", INDEPENDENT)
def test_the_encoded_text_is_equivalent_to_that_of_an_independent_client(case):
    wire = encode_observables(parse_ham_ops(case["dense"]))
    assert sparse_texts(wire) == sparse_texts(case["wire"])
    assert [group.split(":")[0] for group in wire.split("|")] == [
        group.split(":")[0] for group in case["wire"].split("|")
    ]


@given(groups_of_pauli_strings())
def test_an_encoded_value_decodes_to_itself(groups):
    assert decode_observables(encode_observables(groups)) == groups


@given(groups_of_pauli_strings())
def test_ham_ops_are_parsed_to_their_groups(groups):
    assert parse_ham_ops("|".join(";".join(strings) for strings in groups)) == groups


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "ham_ops has no group"),
        ([[]], "group 0 is empty"),
        ([["ZZ"], []], "group 1 is empty"),
        ([["XX", "Z", "YYY"]], "group 0, Pauli string 1 has 1 letters, expected 2"),
        ([["XA"]], "group 0, Pauli string 0 has 'A' at position 1"),
        ([[""]], "group 0, Pauli string 0 is empty"),
    ],
)
def test_invalid_groups_are_not_encoded(groups, message):
    with pytest.raises(QoroInputError, match=message):
        encode_observables(groups)


@pytest.mark.parametrize(
    ("sparse", "message"),
    [
        ("", "Pauli string 0: got ''"),
        (";", "Pauli string 0: got ''"),
        ("Z0;", "Pauli string 1: got ''"),
        ("I0", "Pauli string 0: got 'I0'"),
        ("IZ0", "Pauli string 0: got 'IZ0'"),
        ("Z0I", "Pauli string 0: got 'Z0I'"),
        ("II", "Pauli string 0: got 'II'"),
        ("Z", "Pauli string 0: got 'Z'"),
        ("Z0X", "Pauli string 0: got 'Z0X'"),
        ("0Z", "Pauli string 0: got '0Z'"),
        ("z0", "Pauli string 0: got 'z0'"),
        ("Z00", "Pauli string 0: got 'Z00'"),
        ("Z01", "Pauli string 0: got 'Z01'"),
        ("Z-1", "Pauli string 0: got 'Z-1'"),
        ("Z 1", "Pauli string 0: got 'Z 1'"),
        ("Z1\n", "Pauli string 0"),
        ("Z\u0661", "Pauli string 0"),
        ("Z0;X1;A2", "Pauli string 2: got 'A2'"),
        ("Z4", "Pauli string 0: got qubit 4, expected one below 4"),
        ("I;Z0X1000000", "Pauli string 1: got qubit 1000000, expected one below 4"),
        ("Z" + "9" * 10, "got qubit 9999999999, expected one below 4"),
        ("Z" + "9" * 30, "Pauli string 0"),
        ("Z0;Z1X0", "Pauli string 1: got qubit 0, expected one above the one before it"),
        ("X2Y2", "Pauli string 0: got qubit 2, expected one above the one before it"),
    ],
)
def test_an_error_in_a_sparse_text_gives_group_pauli_string_and_reason(sparse, message):
    good = encode_observables([["ZIIX"]])
    with pytest.raises(WireError, match=f"group 1.*{message}"):
        decode_observables(f"{good}|@gzs4:{encode_text(sparse)}")


@pytest.mark.parametrize(
    "prefix", ["", "@gzs", "@gzd4", "@gzs0", "@gzs04", "@gzs+4", "@gzs4 ", "@gzs-1", "@gzsx", "@gzs4.0"]
)
def test_an_invalid_prefix_is_refused(prefix):
    with pytest.raises(WireError, match=r"group 0: got .*, expected '@gzs'"):
        decode_observables(f"{prefix}:{encode_text('Z0')}")


@pytest.mark.parametrize("text", ["", "ZIIX", "|", "@gzs4", "@gzs4:", "@gzs4:???", "@gzs4:QUJD"])
def test_a_text_that_is_not_in_wire_format_is_refused(text):
    with pytest.raises(WireError, match=r"observables, group 0"):
        decode_observables(text)


def test_an_empty_group_is_refused():
    good = encode_observables([["ZIIX"]])
    with pytest.raises(WireError, match="group 1"):
        decode_observables(f"{good}|")


@given(st.text(st.sampled_from("IXYZ019;|")))
def test_a_sparse_text_is_refused_or_is_the_only_encoding_of_its_groups(sparse):
    try:
        groups = decode_observables(f"@gzs20:{encode_text(sparse)}")
    except WireError:
        return
    assert sparse_texts(encode_observables(groups)) == [sparse]


# --- limits ---------------------------------------------------------------------------------------------


def test_a_pauli_string_of_the_largest_length_is_decoded():
    string = "Z" + "I" * (2**20 - 2) + "X"
    assert decode_observables(encode_observables([[string]])) == ((string,),)


@pytest.mark.parametrize("num_qubits", ["1048577", "9999999999", "9" * 30])
def test_more_qubits_than_the_limit_are_refused(num_qubits):
    with pytest.raises(WireError, match="group 0"):
        decode_observables(f"@gzs{num_qubits}:{encode_text('I')}")


def test_more_letters_than_the_limit_are_refused_before_they_are_allocated():
    with pytest.raises(WireError, match="at most 67108864 letters"):
        decode_observables(f"@gzs1048576:{encode_text(';'.join(['I'] * 257))}")


def test_the_limit_on_letters_applies_to_all_groups_together():
    wire = encode_observables([["ZZZ"], ["XXX", "YYY"]])
    assert decode_observables(wire, limit_characters=9) == (("ZZZ",), ("XXX", "YYY"))
    with pytest.raises(WireError, match="group 1: expected at most 8 letters"):
        decode_observables(wire, limit_characters=8)
