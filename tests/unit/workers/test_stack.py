from workers.stack import _with_data_in


def test_a_stack_keeps_documents_beside_its_database_unless_a_bucket_is_named(tmp_path):
    bucket = {"BUFFRSIGN_S3_ENDPOINT": "https://store.internal"}

    assert _with_data_in(tmp_path, {})["BUFFRSIGN_BLOB_FOLDER"] == f"{tmp_path}/blobs"
    assert "BUFFRSIGN_BLOB_FOLDER" not in _with_data_in(tmp_path, bucket)
