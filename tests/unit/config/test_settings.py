import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings, SettingsRefused, as_markdown, load

ADDRESSES = {
    "BUFFRSIGN_BROKER_URL": "redis://127.0.0.1:6379/0",
    "BUFFRSIGN_STATE_URL": "redis://127.0.0.1:6379/1",
    "BUFFRSIGN_CACHE_URL": "redis://127.0.0.1:6379/2",
}
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "settings.md"


def problems_of(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load(environment)
    return refused.value.problems


def urls_of(settings: Settings) -> tuple[str, str, str]:
    return settings.broker_url, settings.state_url, settings.cache_url


def test_the_three_addresses_are_enough() -> None:
    settings = load(ADDRESSES)

    assert urls_of(settings) == tuple(ADDRESSES.values())
    assert (settings.log_level, settings.smtp_port) == ("INFO", 1025)


def test_every_setting_is_its_name_in_capitals_with_the_prefix() -> None:
    settings = load({**ADDRESSES, "BUFFRSIGN_SMTP_PORT": "2525", "BUFFRSIGN_LOG_FORMAT": "json"})

    assert (settings.smtp_port, settings.log_format) == (2525, "json")


def test_missing_addresses_are_reported_together_with_what_was_expected() -> None:
    problems = problems_of({})

    assert [problem.split(" ")[0] for problem in problems] == list(ADDRESSES)
    assert "expected a redis://, rediss:// or sentinel:// URL" in problems[0]
    assert "REDIS_URL sets all three" in problems[0]


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    wrong = {
        "BUFFRSIGN_BROKER_URL": "http://127.0.0.1",
        "BUFFRSIGN_SMTP_PORT": "70000",
        "BUFFRSIGN_LOG_LEVL": "INFO",
        "NEXT_PUBLIC_REDIS_URL": "redis://127.0.0.1:6379",
    }

    with pytest.raises(SettingsRefused) as refused:
        load(wrong)

    assert refused.value.problems == [
        "NEXT_PUBLIC_REDIS_URL would carry a Redis address to browsers, where it must never be; remove it",
        "BUFFRSIGN_LOG_LEVL is not a setting; did you mean BUFFRSIGN_LOG_LEVEL?",
        *problems_of({**ADDRESSES, "BUFFRSIGN_BROKER_URL": "http://127.0.0.1"}),
        *problems_of({"BUFFRSIGN_BROKER_URL": ADDRESSES["BUFFRSIGN_BROKER_URL"]}),
        "BUFFRSIGN_SMTP_PORT must be a port from 1 to 65535",
    ]
    assert all(problem in str(refused.value) for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("BUFFRSIGN_BROKR_URL", "did you mean BUFFRSIGN_BROKER_URL"),
        ("BUFFRSIGN_SMTP_PROT", "did you mean BUFFRSIGN_SMTP_PORT"),
        ("BUFFRSIGN_JOB_SECRET", "did you mean BUFFRSIGN_JOB_KEY_SECRET"),
        ("BUFFRSIGN_ZZZZ", "see docs/settings.md"),
        ("BUFFRSIGN_", "see docs/settings.md"),
    ],
)
def test_an_unknown_setting_names_the_nearest(name: str, hint: str) -> None:
    [problem] = problems_of({**ADDRESSES, name: "x"})

    assert problem.startswith(f"{name} is not a setting; ")
    assert hint in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUFFRSIGN_SMTP_PORT", "0"),
        ("BUFFRSIGN_SMTP_PORT", "many"),
        ("BUFFRSIGN_LOG_FORMAT", "xml"),
        ("BUFFRSIGN_LOG_LEVEL", "info"),
        ("BUFFRSIGN_JOB_KEY_SECRET", "too short"),
        ("BUFFRSIGN_MAIL_FROM", "nobody"),
        ("BUFFRSIGN_SIGNING_URL", "javascript:alert(1)"),
        ("BUFFRSIGN_DATABASE_URL", "mysql://x"),
        ("BUFFRSIGN_SMTP_HOST", ""),
        ("BUFFRSIGN_ON_DOUBT", "email.signature_request=never"),
        ("BUFFRSIGN_STATE_URL", "redis://127.0.0.1:6379/1\n"),
        ("BUFFRSIGN_STATE_URL", "redis://:a/secret@127.0.0.1:6379/1"),
        ("BUFFRSIGN_ALLOW_VOLATILE_BROKER", "perhaps"),
        ("BUFFRSIGN_SMTP_PROVIDERS", '[{"host": "hush", "passwrd": "hush"}]'),
        ("BUFFRSIGN_SMTP_CONNECTIONS", "-3"),
        ("BUFFRSIGN_SMTP_PER_SECOND", "-1"),
        ("BUFFRSIGN_DKIM_KEYS", "/etc/dkim/key.pem"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_repeated(name: str, value: str) -> None:
    [problem] = problems_of({**ADDRESSES, name: value})

    assert problem.startswith(f"{name} must be ")
    assert not value.strip() or value not in problem.removeprefix(name)


BUCKET = {
    "BUFFRSIGN_S3_ENDPOINT": "https://store.internal:9000",
    "BUFFRSIGN_S3_BUCKET": "documents",
    "BUFFRSIGN_S3_ACCESS_KEY": "an access key",
    "BUFFRSIGN_S3_SECRET_KEY": "a secret key",
}


def test_blobs_lie_in_a_folder_unless_a_bucket_is_named() -> None:
    in_a_folder, in_a_bucket = load(ADDRESSES), load({**ADDRESSES, **BUCKET, "BUFFRSIGN_S3_PREFIX": "live"})

    assert (in_a_folder.blob_folder, in_a_folder.s3_endpoint) == ("var/blobs", None)
    assert (in_a_bucket.s3_endpoint, in_a_bucket.s3_prefix) == ("https://store.internal:9000", "live")


@pytest.mark.parametrize("name", BUCKET)
def test_a_bucket_is_named_wholly_or_not_at_all(name: str) -> None:
    [problem] = problems_of({each: value for each, value in {**ADDRESSES, **BUCKET}.items() if each != name})

    assert problem.startswith(f"{name} is missing: ")


def test_two_places_for_blobs_are_one_too_many() -> None:
    [problem] = problems_of({**ADDRESSES, **BUCKET, "BUFFRSIGN_BLOB_FOLDER": "/var/blobs"})

    assert "name two places for blobs" in problem


def test_documents_do_not_travel_in_clear_unless_it_is_allowed() -> None:
    plain = {**ADDRESSES, **BUCKET, "BUFFRSIGN_S3_ENDPOINT": "http://store.internal:9000"}

    [problem] = problems_of(plain)

    assert problem.startswith("BUFFRSIGN_S3_ENDPOINT must be an https:// address")
    assert load({**plain, "BUFFRSIGN_ALLOW_PLAIN_S3": "1"}).s3_endpoint == "http://store.internal:9000"


MODEL = {
    "BUFFRSIGN_LANGUAGE_MODEL_URL": "https://models.example.com/v1",
    "BUFFRSIGN_LANGUAGE_MODEL_MODEL": "a-model",
}


def test_no_language_model_is_asked_unless_one_is_named() -> None:
    silent, asking = load(ADDRESSES), load({**ADDRESSES, **MODEL, "BUFFRSIGN_LANGUAGE_MODEL_KEY": "a key"})

    assert (silent.language_model_url, silent.language_model_model) == (None, None)
    assert (asking.language_model_url, asking.language_model_key) == ("https://models.example.com/v1", "a key")


@pytest.mark.parametrize("name", MODEL)
def test_a_language_model_is_named_wholly_or_not_at_all(name: str) -> None:
    [problem] = problems_of({each: value for each, value in {**ADDRESSES, **MODEL}.items() if each != name})

    assert problem.startswith(f"{name} is missing: ")


@pytest.mark.parametrize(
    "url", ["http://models.example.com/v1", "models.internal", "https://u:hush@example.com", "https://[::1"]
)
def test_the_text_of_documents_goes_to_no_model_in_clear(url: str) -> None:
    [problem] = problems_of({**ADDRESSES, **MODEL, "BUFFRSIGN_LANGUAGE_MODEL_URL": url})

    assert problem.startswith("BUFFRSIGN_LANGUAGE_MODEL_URL must be an https:// address")
    assert url not in problem


def test_redis_url_sets_all_three_addresses_and_keeps_account_and_options() -> None:
    settings = load({"REDIS_URL": "rediss://worker:p%40ss@broker.internal:6380/7?ssl_cert_reqs=required"})

    server = "rediss://worker:p%40ss@broker.internal:6380"
    assert urls_of(settings) == tuple(f"{server}/{database}?ssl_cert_reqs=required" for database in (0, 1, 2))


def test_redis_url_may_name_sentinels() -> None:
    settings = load({"REDIS_URL": "sentinel://:pw@one:26379;sentinel://two/3?master_name=jobs"})

    hosts = "sentinel://:pw@one:26379;sentinel://:pw@two:26379"
    assert urls_of(settings) == tuple(f"{hosts}/{database}?master_name=jobs" for database in (0, 1, 2))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://127.0.0.1", "must be a redis://, rediss:// or sentinel:// URL: no server can be read"),
        ("sentinel://one:26379/0", r"must be .*: a sentinel:// URL needs \?master_name="),
        ("redis://one/0?ssl_cert_reqs=none", "must be .*: .* TLS is asked for by rediss://"),
    ],
)
def test_an_address_that_does_not_fit_is_refused_with_what_is_wrong_in_it(url: str, complaint: str) -> None:
    [problem] = problems_of({**ADDRESSES, "BUFFRSIGN_STATE_URL": url})

    assert re.match(f"BUFFRSIGN_STATE_URL {complaint}", problem)


@pytest.mark.parametrize(("text", "allowed"), [("1", True), ("0", False), ("true", True)])
def test_a_volatile_broker_is_allowed_only_by_saying_so(text: str, allowed: bool) -> None:
    assert not load(ADDRESSES).allow_volatile_broker
    assert load({**ADDRESSES, "BUFFRSIGN_ALLOW_VOLATILE_BROKER": text}).allow_volatile_broker is allowed


def test_redis_host_and_its_companions_set_all_three_addresses() -> None:
    settings = load(
        {
            "REDIS_HOST": "broker.internal",
            "REDIS_PORT": "6380",
            "REDIS_USERNAME": "worker",
            "REDIS_PASSWORD": "p@ss/word",
        }
    )

    server = "redis://worker:p%40ss%2Fword@broker.internal:6380"
    assert urls_of(settings) == (f"{server}/0", f"{server}/1", f"{server}/2")


def test_redis_host_alone_means_the_usual_port_and_no_account() -> None:
    assert load({"REDIS_HOST": "broker.internal"}).broker_url == "redis://broker.internal:6379/0"


def test_a_setting_of_ours_is_stronger_than_an_alias() -> None:
    settings = load({"REDIS_URL": "redis://one:6379", "BUFFRSIGN_CACHE_URL": "redis://two:6379/5"})

    assert urls_of(settings) == ("redis://one:6379/0", "redis://one:6379/1", "redis://two:6379/5")


def test_an_alias_that_is_no_redis_address_is_refused() -> None:
    problems = problems_of({"REDIS_URL": "broker.internal:6379"})

    assert len(problems) == 3


@pytest.mark.parametrize(
    "name", ["NEXT_PUBLIC_REDIS_URL", "NEXT_PUBLIC_UPSTASH_REDIS_TOKEN", "VITE_BROKER_URL", "REACT_APP_VALKEY_HOST"]
)
def test_an_address_that_would_reach_browsers_stops_the_start(name: str) -> None:
    [problem] = problems_of({**ADDRESSES, name: "redis://127.0.0.1:6379"})

    assert problem.startswith(f"{name} would carry a Redis address to browsers")


def test_variables_of_others_are_none_of_our_business() -> None:
    load({**ADDRESSES, "PATH": "/bin", "NEXT_PUBLIC_API_URL": "https://api.example.com", "REDISCLI_AUTH": "x"})


def test_settings_show_no_secret() -> None:
    settings = load({**ADDRESSES, "BUFFRSIGN_JOB_KEY_SECRET": "a secret of sixteen", "BUFFRSIGN_SMTP_PASSWORD": "hush"})

    assert repr(settings) == str(settings) == "Settings(…)"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load(ADDRESSES).smtp_port = 25  # type: ignore[misc]


def test_the_documentation_holds_exactly_the_settings_there_are() -> None:
    assert as_markdown() in DOCUMENTATION.read_text(encoding="utf-8")


def test_payload_keys_that_are_no_keys_are_refused_without_being_repeated() -> None:
    [problem] = problems_of({**ADDRESSES, "BUFFRSIGN_PAYLOAD_KEYS": "a:c2hvcnQ="})

    assert problem.startswith("BUFFRSIGN_PAYLOAD_KEYS must be `id:key,id:key…`")
    assert "has 5 bytes, and must have 32" in problem
    assert "c2hvcnQ" not in problem


def test_encryption_is_not_required_without_keys() -> None:
    [problem] = problems_of({**ADDRESSES, "BUFFRSIGN_REQUIRE_ENCRYPTED": "1"})

    assert problem == "BUFFRSIGN_REQUIRE_ENCRYPTED needs BUFFRSIGN_PAYLOAD_KEYS, or no job could be read"


def test_nobody_downloads_without_a_token() -> None:
    [problem] = problems_of({**ADDRESSES, "BUFFRSIGN_DOWNLOAD_URL": "https://app.example.com/download"})

    assert problem == "BUFFRSIGN_DOWNLOAD_URL needs BUFFRSIGN_LINK_KEYS, or anybody could download"


UNSUBSCRIBE = {
    "BUFFRSIGN_UNSUBSCRIBE_URL": "https://sign.example.com/unsubscribe",
    "BUFFRSIGN_UNSUBSCRIBE_SECRET": "a secret of sixteen",
}


@pytest.mark.parametrize("alone", UNSUBSCRIBE)
def test_unsubscribing_needs_both_its_settings(alone: str) -> None:
    [problem] = problems_of({**ADDRESSES, alone: UNSUBSCRIBE[alone]})

    assert problem == "BUFFRSIGN_UNSUBSCRIBE_URL and BUFFRSIGN_UNSUBSCRIBE_SECRET go together"


@pytest.mark.parametrize(
    "url", ["http://sign.example.com", "https://sign.example.com/<x>", "https://sign.example.com/ü"]
)
def test_a_link_to_unsubscribe_is_an_https_address_in_ascii(url: str) -> None:
    [problem] = problems_of({**ADDRESSES, **UNSUBSCRIBE, "BUFFRSIGN_UNSUBSCRIBE_URL": url})

    assert problem == "BUFFRSIGN_UNSUBSCRIBE_URL must be an https:// address"


def test_whoever_reads_the_settings_loads_neither_sql_nor_a_client_of_a_store() -> None:
    program = "import sys, config.settings; print({'sqlalchemy', 'botocore'} & sys.modules.keys())"

    told = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True).stdout

    assert told == "set()\n"
