"""The engine's size is counted by what a reader has to read."""

import json

from benchmarks.engine_size import BROKER, TRANSPORT, main, measure


def test_blank_lines_and_comments_are_not_counted(tmp_path):
    for name in TRANSPORT:
        (tmp_path / name).write_text("# a comment\n\nlease = 1\n")
    (tmp_path / "keys.py").write_text('"""Keys."""\n\nREADY = 2  # with a comment\n')
    (tmp_path / "lua").mkdir()
    (tmp_path / "lua" / "begin.lua").write_text("-- a comment\nlocal now = 1\n\n")

    sizes = measure(tmp_path)

    assert sizes == {
        "transport, Python": len(TRANSPORT),
        "other, Python": 2,
        "scripts, Lua": 1,
        "all": len(TRANSPORT) + 3,
    }


def test_every_module_of_the_transport_exists():
    assert {name for name in TRANSPORT if not (BROKER / name).exists()} == set()


def test_it_is_printed_for_people_and_for_machines(capsys):
    main([])
    people = capsys.readouterr().out

    main(["--json"])

    sizes = json.loads(capsys.readouterr().out)
    assert f"{sizes['all']:,} lines" in people
    assert sizes["all"] == sum(lines for part, lines in sizes.items() if part != "all")
