"""Floor 0: standard library and msgspec only, but for `sql` and `canonical_json`, which need an extra."""
