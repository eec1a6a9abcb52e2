"""Accessibility: axe-core's WCAG rules over whole pages, each light and dark, in one start of Chromium."""

import subprocess
from html import unescape
from pathlib import Path

import msgspec

from buffrsign.mail.chromium import headless

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
"""Axe's tags for what WCAG 2.0 and 2.1 ask at levels A and AA."""

SLOWEST_S = 240.0
_BEGIN, _END = '<pre id="verdicts">', "</pre>"


class Page(msgspec.Struct, frozen=True):
    """One page as somebody sees it who prefers `light` or `dark`."""

    name: str
    html: str
    scheme: str


class Verdict(msgspec.Struct, frozen=True):
    """What axe said of a page: rules it fails with the elements, those axe cannot decide, and those it passes."""

    name: str
    scheme: str
    violations: list[str]
    undecided: list[str]
    passes: list[str]


def judge(pages: list[Page], *, axe: str, browser: str, folder: Path) -> list[Verdict]:
    """Axe's verdict on every page, in their order.

    A page is judged in a frame of its own, which prefers what its frame's `color-scheme` says; `scheme` in the verdict
    is what the page itself saw.
    """
    runner = folder / "runner.html"
    values = {"axe": axe, "rules": RULES, "pages": pages}
    (folder / "values.js").write_bytes(b"const given = " + msgspec.json.encode(values))
    runner.write_text(_RUNNER, encoding="utf-8")
    command = [
        *headless(browser, str(folder / "profile")),
        "--virtual-time-budget=3600000",
        "--window-size=800,1200",
        "--dump-dom",
        runner.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=SLOWEST_S)
    _, found, rest = done.stdout.decode().partition(_BEGIN)
    assert found, f"the page did not finish: {done.stdout.decode()[-300:]}"
    return msgspec.json.decode(unescape(rest.partition(_END)[0]), type=list[Verdict])


_RUNNER = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>axe</title>
<body><script src="values.js"></script>
<script>
const told = (rules) => rules.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`));

async function judge(page) {
  const frame = document.createElement("iframe");
  frame.style = `width: 700px; height: 1100px; color-scheme: ${page.scheme}`;
  frame.srcdoc = page.html;
  const loaded = new Promise((resolve) => { frame.onload = resolve; });
  document.body.append(frame);
  await loaded;
  const inner = frame.contentWindow;
  inner.eval(given.axe);
  const found = await inner.axe.run(inner.document, { runOnly: { type: "tag", values: given.rules } });
  const dark = inner.matchMedia("(prefers-color-scheme: dark)").matches;
  frame.remove();
  return {
    name: page.name,
    scheme: dark ? "dark" : "light",
    violations: told(found.violations),
    undecided: told(found.incomplete),
    passes: found.passes.map((rule) => rule.id),
  };
}

(async () => {
  const verdicts = [];
  for (const page of given.pages) verdicts.push(await judge(page));
  const shown = document.createElement("pre");
  shown.id = "verdicts";
  shown.textContent = JSON.stringify(verdicts);
  document.body.replaceChildren(shown);
})();
</script>
"""
