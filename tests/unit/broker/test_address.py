import pytest

from buffrsign.broker.address import AddressRefused, as_settings, read_address, sentinel_settings
from buffrsign.broker.connection import connect, is_on_loopback

SENTINELS = "sentinel://one:26379;sentinel://two:26380/3?master_name=jobs"


@pytest.mark.parametrize(
    ("url", "complete"),
    [
        ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
        ("redis://localhost:7000/5", "redis://localhost:7000/5"),
        ("redis://:p%40ss@[::1]:6379/0", "redis://:p%40ss@[::1]:6379/0"),
        ("rediss://ann:pw@h/1?ssl_ca_certs=%2Fca.pem", "rediss://ann:pw@h:6379/1?ssl_ca_certs=%2Fca.pem"),
        ("rediss://h?ssl_cert_reqs=CERT_REQUIRED", "rediss://h:6379/0?ssl_cert_reqs=required"),
        (SENTINELS, SENTINELS),
        ("sentinel://:pw@one/3?master_name=jobs;sentinel://two", "sentinel://:pw@one:26379;sentinel://:pw@two:26379/3"),
    ],
)
def test_an_address_is_read_and_written_back_complete(url, complete):
    address = read_address(url)

    assert address.url().startswith(complete)
    assert read_address(address.url()) == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "no server can be read"),
        ("broker.internal:6379", "no server can be read"),
        ("http://broker.internal", "no server can be read"),
        ("redis://", "no server can be read"),
        ("redis://h:70000/0", "no server can be read"),
        ("redis://h:0/0", "no server can be read"),
        ("redis://:a/b@h/0", "written as %3A %2F"),
        ("redis://h/0 ", "no server can be read"),
        ("redis://h/jobs", "the database in a URL is a number"),
        ("redis://h/0?ssl_ca_certs=/ca.pem", "TLS is asked for by rediss://"),
        ("rediss://h/0?master_name=jobs", "known are ssl_ca_certs"),
        ("rediss://h/0?ssl_cert_reqs=maybe", "ssl_cert_reqs is required, optional or none"),
        ("rediss://h/0?ssl_check_hostname=perhaps", "ssl_check_hostname is true or false"),
        ("rediss://h/0?ssl_ca_certs=", "gives ssl_ca_certs no value"),
        ("rediss://h/0?ssl_ca_certs", "name=value"),
        ("redis://one/0;redis://two/0", "only sentinel:// URLs are joined"),
        ("sentinel://one/0;two:26379", "no server can be read"),
        ("sentinel://one/0", r"needs \?master_name="),
        ("sentinel://one/0?master_name=a;sentinel://two/0?master_name=b", "master_name twice, and differently"),
        ("sentinel://one/0;sentinel://two/1?master_name=jobs", "more than one database"),
        ("sentinel://:a@one;sentinel://:b@two/?master_name=jobs", "more than one account"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_way_out(url, complaint):
    with pytest.raises(AddressRefused, match=complaint):
        read_address(url)


@pytest.mark.parametrize("url", ["redis://:hush/hush@h/0", "redis://ann:hush@h/hush", "redis://h/0?password=hush"])
def test_a_refusal_repeats_no_secret(url):
    with pytest.raises(AddressRefused) as refused:
        read_address(url)

    assert "hush" not in str(refused.value)


def test_an_address_shows_no_secret():
    assert "hush" not in repr(read_address("redis://:hush@h/0"))


def test_with_tls_the_certificate_is_checked_unless_the_address_says_otherwise():
    plain, checked, unchecked = (
        read_address(f"{url}") for url in ("redis://h", "rediss://h", "rediss://h?ssl_cert_reqs=none")
    )

    assert (plain.tls, checked.tls, unchecked.tls) == (None, {"ssl_cert_reqs": "required"}, {"ssl_cert_reqs": "none"})
    assert (plain.checks_certificates, checked.checks_certificates) == (True, True)
    assert not unchecked.checks_certificates
    assert not read_address("rediss://h?ssl_check_hostname=false").checks_certificates


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_check_hostname=false"])
def test_a_certificate_is_never_skipped_silently(caplog, option):
    connect(f"rediss://broker.internal/0?{option}").close()

    assert "certificate is not checked" in caplog.text


def test_sentinels_have_an_account_of_their_own_and_the_same_tls():
    address = read_address(
        "sentinel://ann:pw@one/2?master_name=jobs&sentinel_username=sam&sentinel_password=hush&ssl_ca_certs=/ca.pem"
    )

    tls = {"ssl": True, "ssl_cert_reqs": "required", "ssl_ca_certs": "/ca.pem"}
    asked = sentinel_settings(address, timeout_s=2)
    assert as_settings(address) == {"db": 2, "username": "ann", "password": "pw", **tls}
    assert {name: asked[name] for name in ("username", "password", *tls)} == {
        "username": "sam",
        "password": "hush",
        **tls,
    }


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://127.0.0.1:1/0", "redis://[::1]/0", "unix:///run/redis"])
def test_loopback_is_this_machine(url):
    assert is_on_loopback(url)


@pytest.mark.parametrize(
    "url", ["redis://10.0.0.7", "sentinel://127.0.0.1/0?master_name=jobs", "redis://localhost.example.com"]
)
def test_other_machines_and_whatever_sentinels_may_name_are_elsewhere(url):
    assert not is_on_loopback(url)
