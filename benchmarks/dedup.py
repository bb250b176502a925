"""How well and how fast duplicates are found: `python -m benchmarks.dedup RECORDS.csv GOLD.csv`.

Runs Winnow and, where it is installed, bib-dedupe on the same labelled records, one after the other, each in a
process of its own. Tells people which links are false and what was missed; the last line is one JSON object,

    {"winnow": {"automatic", "queued", "missed", "false", "seconds", "peak_mb"}, "bib_dedupe": the same or null}

counted in pairs of records. automatic: true pairs linked by rules; queued: further true pairs that are linked once
a person has answered every question truthfully (one answer joins two groups, so it may settle several pairs);
missed: the other true pairs; false: pairs linked by rules that the gold file does not have.

`python -m benchmarks.dedup --made 100000` measures how Winnow grows, on made-up records of which three in ten are
further copies, in steps of a fifth: one JSON object with, for each step, seconds and peak_mb of the whole search, the
longest transaction in it, and the seconds of comparing a hundredth of new records with them. The database is a fresh
SQLite file, or one beside the database of DATABASE_URL.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from itertools import combinations, pairwise
from pathlib import Path

from .dedup_sets import Groups, Pair, Row, record_of, rows_of, true_pairs_of

SHOWN = 25


STEPS = 5


def grow(n: int) -> None:
    """Winnow on made-up records, a fifth more in each step."""
    steps = []
    for k in range(1, STEPS + 1):
        found = run("made", str(n * k // STEPS))
        steps.append(found)
        print(found, file=sys.stderr)
    print(json.dumps({"made": steps}))


def main(records: Path, gold: Path) -> None:
    """Run both, tell, and print the figures."""
    rows = {row["id"]: row for row in rows_of(records)}
    true = true_pairs_of(gold, rows)
    print(f"{records}: {len(rows)} records, {len(true)} true pairs")
    figures: dict[str, object] = {}
    for engine in ("winnow", "bib_dedupe"):
        found = run(engine, str(records)) if engine == "winnow" or find_spec("bib_dedupe") else None
        figures[engine] = found and tell(engine, found, true, rows)
    print(json.dumps(figures))


def run(engine: str, what: str) -> dict | None:
    """What an engine found; None, with its words, if the peer could not do it."""
    command = [sys.executable, "-m", "benchmarks.dedup_engines", engine, what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{engine} failed:\n{done.stderr[-3000:]}")
        if engine != "bib_dedupe":
            raise SystemExit(1)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def tell(engine: str, found: dict, true: set[Pair], rows: dict[str, Row]) -> dict[str, object]:
    """Count, and say for people what is behind the counts."""
    linked = {pair for group in found["groups"] for pair in combinations(sorted(group), 2)}
    groups = Groups()
    for group in found["groups"]:
        for each in group:
            groups.join(group[0], each)
    asked = [(min(a, b), max(a, b)) for a, b in found["asked"]]
    for pair in asked:
        if pair in true:
            groups.join(*pair)
    missed = {pair for pair in true - linked if not groups.together(*pair)}
    false = linked - true
    print(f"\n== {engine}: {len(false)} false links, {len(missed)} missed, {_queue(asked, true)}")
    for title, pairs in (("false", false), ("missed", missed)):
        for a, b in sorted(pairs)[:SHOWN]:
            print(f"-- {title}: {why(rows[a], rows[b]) if engine == 'winnow' else ''}")
            print(f"   {brief(rows[a])}\n   {brief(rows[b])}")
        if len(pairs) > SHOWN:
            print(f"   ... and {len(pairs) - SHOWN} more")
    return {
        "automatic": len(linked & true),
        "queued": len(true - linked - missed),
        "missed": len(missed),
        "false": len(false),
        "seconds": found["seconds"],
        "peak_mb": found["peak_mb"],
    }


def _queue(asked: list[Pair], true: set[Pair]) -> str:
    """How long the queue is and, tenth by tenth from the top, how much of it is true."""
    right = [pair in true for pair in asked]
    cuts = [len(right) * k // 10 for k in range(11)]
    shares = [f"{100 * sum(right[a:b]) // (b - a)}" for a, b in pairwise(cuts) if b > a]
    return f"{len(right)} questions, {sum(right)} of them true pairs (% by tenth: {' '.join(shares)})"


def why(one: Row, other: Row) -> str:
    """What Winnow's rules say of a pair."""
    from reviews.candidates import pairs_to_compare
    from reviews.likeness import compare
    from reviews.likeness_fields import facts_of

    a, b = (facts_of(record_of(row, k), key=k) for k, row in enumerate((one, other)))
    said = compare(a, b)
    met = "" if any(pairs_to_compare([a, b])) else "never compared; "
    return f"{met}{said.outcome} {said.rule or said.score}: {', '.join(said.why)}"


def brief(row: Row) -> str:
    """A record on one line."""
    place = f"{row['journal'] or row['booktitle']} {row['volume']}({row['number']}):{row['pages']}"
    return (
        f"{row['id']} | {row['author'][:60]} | {row['year']} | {row['title'][:150]} | {place} | {row['doi']}"
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    if sys.argv[1] == "--made":
        grow(int(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
