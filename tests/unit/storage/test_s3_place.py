from buffrsign.storage.s3_place import S3Place


def test_a_place_does_not_show_its_keys():
    shown = repr(S3Place("https://store.internal", "blobs", "an access key", "a secret key"))

    assert "blobs" in shown
    assert "key" not in shown
