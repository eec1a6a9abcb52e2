import pytest

from config.endpoint import EndpointRefused, require_endpoint


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-central-1.amazonaws.com",
        "https://store.internal:9000/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost",
    ],
)
def test_documents_go_by_tls_or_stay_on_this_machine(url):
    require_endpoint(url, allow_plain=False)


@pytest.mark.parametrize("url", ["http://store.internal:9000", "http://10.0.0.7", "http://localhost.evil.example"])
def test_documents_travel_in_clear_only_where_somebody_said_so(url):
    with pytest.raises(EndpointRefused, match="BUFFRSIGN_ALLOW_PLAIN_S3=1"):
        require_endpoint(url, allow_plain=False)

    require_endpoint(url, allow_plain=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.internal",
        "s3://bucket",
        "https://",
        "https://store.internal/bucket",
        "https://key:secret@store.internal",
        "https://store.internal/?x=secret",
        "https://store.internal:port",
        "https://[::1",
    ],
)
def test_what_is_no_endpoint_is_refused_and_not_repeated(url):
    with pytest.raises(EndpointRefused) as refused:
        require_endpoint(url, allow_plain=True)

    assert "secret" not in str(refused.value)
