"""Floor 1: how jobs wait, move and are counted in Redis. Every move is one Lua script, so none is ever half made."""
