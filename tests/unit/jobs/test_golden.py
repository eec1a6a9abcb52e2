"""Golden payloads: what was once published is read for ever, and written the same until a version says otherwise."""

import msgspec
import pytest

from buffrsign.core.ids import ulid_of
from buffrsign.jobs import CONTRACTS, decode, encode
from tests.support.jobs import GOLDEN, OUR_CONTRACTS, golden_file, golden_files

JOB_ID = ulid_of(1_700_000_000_000, 7)
FILES = sorted(GOLDEN.glob("*.v*.json"))
EVERY_KIND = pytest.mark.parametrize("kind", sorted(OUR_CONTRACTS))
CURRENT_FILES = sorted(file for contract in OUR_CONTRACTS.values() for file in golden_files(contract, contract.version))
EVERY_CURRENT_FILE = pytest.mark.parametrize("file", CURRENT_FILES, ids=[file.stem for file in CURRENT_FILES])
EVERY_FILE = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


@EVERY_KIND
def test_every_version_of_every_kind_has_a_golden_payload(kind):
    contract = CONTRACTS[kind]

    missing = [
        file.name for version in range(1, contract.version + 1) if not (file := golden_file(contract, version)).exists()
    ]

    assert not missing, f"add tests/golden/{missing}: a payload with a value in every field, as `encode` writes it"


@EVERY_FILE
def test_every_golden_payload_is_still_read(file):
    kind = file.name.rpartition(".v")[0]

    job = decode(kind, msgspec.json.decode(file.read_bytes()), job_id=JOB_ID)

    assert (job.kind, job.job_id) == (kind, JOB_ID)


@EVERY_CURRENT_FILE
def test_a_golden_payload_of_the_current_version_is_written_in_the_same_bytes(file):
    kind = file.name.rpartition(".v")[0]
    contract = CONTRACTS[kind]
    golden = file.read_bytes()

    payload = encode(decode(kind, msgspec.json.decode(golden), job_id=JOB_ID))

    assert msgspec.json.format(msgspec.json.encode(payload), indent=2) + b"\n" == golden, (
        f"{kind} is written differently now. Jobs in this form wait in queues, and older workers read them: keep "
        f"{file.name} as it is, give the contract version={contract.version + 1}, "
        "and add the golden payload of that version"
    )


@EVERY_KIND
def test_the_golden_payloads_of_the_current_version_have_a_value_of_their_own_for_every_field(kind):
    contract = CONTRACTS[kind]

    jobs = [
        decode(kind, msgspec.json.decode(file.read_bytes()), job_id=JOB_ID)
        for file in golden_files(contract, contract.version)
    ]

    untold = [
        field.name
        for field in msgspec.structs.fields(contract)
        if all(getattr(job, field.name) == field.default for job in jobs)
    ]
    assert not untold, f"a change to these fields would go unnoticed: {untold}"


def test_every_golden_payload_belongs_to_a_contract():
    known = {
        file
        for contract in OUR_CONTRACTS.values()
        for version in range(1, contract.version + 1)
        for file in golden_files(contract, version)
    }

    assert set(FILES) <= known
