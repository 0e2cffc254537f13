"""The credit balance and the credit transactions."""

import pytest

from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroInputError

BALANCE = {
    "balance": "500.00",
    "total_used": "0",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
PAGE = {
    "count": 1,
    "total_pages": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "id": 1,
            "amount": "500.00",
            "balance_after": "500.00",
            "transaction_type": "PURCHASE",
            "description": "...",
            "job_id": None,
            "created_at": "2026-01-01T00:00:00Z",
        }
    ],
}


def test_the_balance_is_returned_as_the_service_sends_it(service, cloud, url):
    cloud.get(f"{url}/credits/", json=BALANCE | {"tier": "new"})
    assert service.get_credit_balance() == BALANCE | {"tier": "new"}


def test_transactions_are_returned_as_the_service_sends_them(service, cloud, url):
    cloud.get(f"{url}/credits/transactions/", json=PAGE)
    assert service.get_credit_transactions() == PAGE


@pytest.mark.parametrize(
    ("arguments", "query"),
    [((), "page=1&page_size=20"), ((3,), "page=3&page_size=20"), ((2, 100), "page=2&page_size=100")],
)
def test_page_and_page_size_are_sent_in_the_query(service, cloud, url, arguments, query):
    cloud.get(f"{url}/credits/transactions/", json=PAGE)
    service.get_credit_transactions(*arguments)
    assert cloud.calls[0].request.url == f"{url}/credits/transactions/?{query}"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"page": 0}, "page is 0"),
        ({"page": -1}, "page is -1"),
        ({"page": "1"}, "page is '1'"),
        ({"page": True}, "page is True"),
        ({"page_size": 0}, "page_size is 0"),
        ({"page_size": 101}, "page_size is 101, expected an integer from 1 to 100"),
        ({"page_size": 2.0}, "page_size is 2.0"),
    ],
)
def test_an_invalid_page_is_refused_without_a_request(service, cloud, arguments, named):
    with pytest.raises(QoroInputError, match=named):
        service.get_credit_transactions(**arguments)
    assert len(cloud.calls) == 0


@pytest.mark.parametrize("path", ["/credits/", "/credits/transactions/"])
@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (404, NotFoundError)])
def test_each_refusal_has_its_own_error_class(service, cloud, url, path, status, error):
    cloud.get(url + path, status=status, json={"detail": "no"})
    with pytest.raises(error, match="no"):
        service.get_credit_balance() if path == "/credits/" else service.get_credit_transactions()


@pytest.mark.parametrize(
    "answer", [{}, BALANCE | {"balance": 500.0}, {"balance": None, "total_used": "NaN", "updated_at": "now"}]
)
def test_the_fields_of_a_balance_are_not_checked(service, cloud, url, answer):
    cloud.get(f"{url}/credits/", json=answer)
    assert service.get_credit_balance() == answer
