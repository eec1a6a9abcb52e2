"""Every key of this package, with its type, life and what its loss means. `docs/redis-keys.md` repeats the table."""

DOCUMENT_STATUS_PREFIX = "buffrsign:document:"
"""On the state server. String, one per document: its status as JSON. Expires 30 days after the
last change. If lost: the catalog in SQL still knows the state; progress starts again with the next step."""

DOCUMENT_CHANNEL_PREFIX = "buffrsign:document-updates:"
"""On the state server. Channel, one per document: every status as JSON when it changes. Nothing is stored."""

PICTURE_PROGRESS_PREFIX = "buffrsign:document-pictures:"
"""On the state server. String, one per document: how many of its pages have their pictures, as JSON. Expires 30 days
after the last change. If lost: the catalog in SQL still knows the pages; it comes again with the next of them."""

PICTURE_CHANNEL_PREFIX = "buffrsign:document-picture-updates:"
"""On the state server. Channel, one per document: the same as JSON when it changes. Nothing is stored."""

STEP_TIMES = "buffrsign:step-times"
"""On the state server. Hash: `<step>:<size class>` to how long that step of such a document takes, as `<ms> <seen>`.
Expires 30 days after the last step. If lost: no status says when it will be done until each step was seen once more."""

DOCUMENT_KILLS_PREFIX = "buffrsign:document-kills:"
"""On the state server. String, one per file, under its SHA-256: how many readers it has killed. Expires 30 days after
the last. If lost: a quarantined file may kill three more."""

CACHE_PREFIX = "buffrsign:cache:"
"""On the cache server. String, one per entry, under `<namespace>:<version>:<name>`. Expires as its writer said.
If lost: it is computed again."""
