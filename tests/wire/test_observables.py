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


def groups_of_words():
    def words(length):
        return st.lists(st.text("IXYZ", min_size=length, max_size=length), min_size=1, max_size=6).map(tuple)

    return st.lists(st.integers(1, 130).flatmap(words), min_size=1, max_size=4).map(tuple)


def sparse_texts(wire):
    blobs = [group.split(":")[1] for group in wire.split("|")]
    return [gzip.decompress(base64.b64decode(blob)).decode() for blob in blobs]


# --- what a user writes ---------------------------------------------------------------------------------


def test_words_and_groups_are_read_in_order():
    assert parse_ham_ops("ZZI;IXX|Y") == (("ZZI", "IXX"), ("Y",))


def test_whitespace_around_words_is_dropped():
    assert parse_ham_ops(" ZZ ;\n\tXX | YY\n") == (("ZZ", "XX"), ("YY",))


def test_groups_may_differ_in_length():
    assert parse_ham_ops("Z|XXXX") == (("Z",), ("XXXX",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "group 0, word 0 is empty"),
        ("ZZ;", "group 0, word 1 is empty"),
        ("ZZ;;XX", "group 0, word 1 is empty"),
        ("ZZ||XX", "group 1, word 0 is empty"),
        ("ZZ|XX; |YY", "group 1, word 1 is empty"),
        ("ZZ;XA", "group 0, word 1 has 'A' at position 1, expected the letters I, X, Y and Z"),
        ("ZZ|XX;zX", "group 1, word 1 has 'z' at position 0, .* in upper case"),
        ("Z Z", "group 0, word 0 has ' ' at position 1"),
        ("-ZZ", "group 0, word 0 has '-' at position 0"),
        ("Z0X1", "group 0, word 0 has '0' at position 1"),
        ("ZZ\u00c9", "group 0, word 0 has '\u00c9' at position 2"),
        ("ZZ;XX;YYY", "group 0, word 2 has 3 letters, expected 2"),
        (["ZZ"], r"ham_ops is \['ZZ'\], expected text"),
    ],
)
def test_a_faulty_text_names_group_word_and_fault(text, message):
    with pytest.raises(QoroInputError, match=message):
        parse_ham_ops(text)


# --- what travels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN["by_hand"])
def test_words_encode_to_the_golden_text_and_back(case):
    groups = parse_ham_ops(case["dense"])
    assert encode_observables(groups) == case["wire"]
    assert decode_observables(case["wire"]) == groups


@pytest.mark.parametrize(("dense", "sparse"), SPARSE)
def test_words_have_the_sparse_form_worked_out_by_hand(dense, sparse):
    assert sparse_texts(encode_observables(parse_ham_ops(dense))) == [sparse]


@pytest.mark.parametrize("case", INDEPENDENT)
def test_what_an_independent_client_sends_is_read(case):
    assert decode_observables(case["wire"]) == parse_ham_ops(case["dense"])


@pytest.mark.parametrize("case", INDEPENDENT)
def test_what_is_sent_says_the_same_as_an_independent_client(case):
    wire = encode_observables(parse_ham_ops(case["dense"]))
    assert sparse_texts(wire) == sparse_texts(case["wire"])
    assert [group.split(":")[0] for group in wire.split("|")] == [
        group.split(":")[0] for group in case["wire"].split("|")
    ]


@given(groups_of_words())
def test_what_is_encoded_decodes_to_itself(groups):
    assert decode_observables(encode_observables(groups)) == groups


@given(groups_of_words())
def test_the_users_text_gives_the_groups_it_was_made_of(groups):
    assert parse_ham_ops("|".join(";".join(words) for words in groups)) == groups


@pytest.mark.parametrize("groups", [[], [[]], [["ZZ"], []], [["XX", "Z", "YYY"]], [["XA"]], [[""]]])
def test_what_is_no_group_of_words_is_not_encoded(groups):
    with pytest.raises(QoroInputError):
        encode_observables(groups)


@pytest.mark.parametrize(
    ("sparse", "message"),
    [
        ("", "word 0: got ''"),
        (";", "word 0: got ''"),
        ("Z0;", "word 1: got ''"),
        ("I0", "word 0: got 'I0'"),
        ("IZ0", "word 0: got 'IZ0'"),
        ("Z0I", "word 0: got 'Z0I'"),
        ("II", "word 0: got 'II'"),
        ("Z", "word 0: got 'Z'"),
        ("Z0X", "word 0: got 'Z0X'"),
        ("0Z", "word 0: got '0Z'"),
        ("z0", "word 0: got 'z0'"),
        ("Z00", "word 0: got 'Z00'"),
        ("Z01", "word 0: got 'Z01'"),
        ("Z-1", "word 0: got 'Z-1'"),
        ("Z 1", "word 0: got 'Z 1'"),
        ("Z1\n", "word 0"),
        ("Z\u0661", "word 0"),
        ("Z0;X1;A2", "word 2: got 'A2'"),
        ("Z4", "word 0: qubit 4, expected one below 4"),
        ("I;Z0X1000000", "word 1: qubit 1000000, expected one below 4"),
        ("Z" + "9" * 10, "qubit 9999999999, expected one below 4"),
        ("Z" + "9" * 30, "word 0"),
        ("Z0;Z1X0", "word 1: qubit 0, expected one above the one before it"),
        ("X2Y2", "word 0: qubit 2, expected one above the one before it"),
    ],
)
def test_a_faulty_sparse_text_names_group_word_and_fault(sparse, message):
    good = encode_observables([["ZIIX"]])
    with pytest.raises(WireError, match=f"group 1.*{message}"):
        decode_observables(f"{good}|@gzs4:{encode_text(sparse)}")


@pytest.mark.parametrize(
    "prefix", ["", "@gzs", "@gzd4", "@gzs0", "@gzs04", "@gzs+4", "@gzs4 ", "@gzs-1", "@gzsx", "@gzs4.0"]
)
def test_a_prefix_of_another_kind_is_refused(prefix):
    with pytest.raises(WireError, match=r"group 0: got .*, expected '@gzs'"):
        decode_observables(f"{prefix}:{encode_text('Z0')}")


@pytest.mark.parametrize("text", ["", "ZIIX", "|", "@gzs4", "@gzs4:", "@gzs4:???", "@gzs4:QUJD"])
def test_what_is_not_the_wire_form_is_refused(text):
    with pytest.raises(WireError):
        decode_observables(text)


def test_an_empty_group_is_refused():
    good = encode_observables([["ZIIX"]])
    with pytest.raises(WireError, match="group 1"):
        decode_observables(f"{good}|")


@given(st.text(st.sampled_from("IXYZ019;|")))
def test_a_sparse_text_is_either_read_as_it_stands_or_refused(sparse):
    try:
        groups = decode_observables(f"@gzs20:{encode_text(sparse)}")
    except WireError:
        return
    assert sparse_texts(encode_observables(groups)) == [sparse]


# --- bounds ---------------------------------------------------------------------------------------------


def test_a_word_of_the_largest_width_is_read():
    word = "Z" + "I" * (2**20 - 2) + "X"
    assert decode_observables(encode_observables([[word]])) == ((word,),)


@pytest.mark.parametrize("num_qubits", ["1048577", "9999999999", "9" * 30])
def test_more_qubits_than_the_limit_are_refused(num_qubits):
    with pytest.raises(WireError, match="group 0"):
        decode_observables(f"@gzs{num_qubits}:{encode_text('I')}")


def test_more_letters_than_the_limit_are_refused_before_they_are_allocated():
    with pytest.raises(WireError, match="over 67108864 letters"):
        decode_observables(f"@gzs1048576:{encode_text(';'.join(['I'] * 257))}")


def test_the_limit_on_letters_holds_for_all_groups_together():
    wire = encode_observables([["ZZZ"], ["XXX", "YYY"]])
    assert decode_observables(wire, limit_characters=9) == (("ZZZ",), ("XXX", "YYY"))
    with pytest.raises(WireError, match="group 1: the words need over 8 letters"):
        decode_observables(wire, limit_characters=8)
