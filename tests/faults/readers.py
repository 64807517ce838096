"""Every reader of files, as the service uses it: it may refuse by a ConcordError, and no more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from service.analysis.annotations import read_annotations
from service.catalogue import Catalogue, load_blocs, load_states, load_topics, read_issue
from service.cli.judging import read_pairs
from service.corpus.article import read_article
from service.corpus.bundled import bundled_statements
from service.corpus.claims import ClaimMaker
from service.corpus.kinds import KindClassifier
from service.corpus.report import ImportReport
from service.corpus.speakers import load_capitals
from service.corpus.table import read_table
from service.corpus.tagging import TopicTagger
from service.corpus.ungdc import read_ungdc
from service.domain.corrections import folded
from service.domain.stance import Stance, Verdict
from service.errors import ConcordError
from service.evaluation.labels import read_labels, read_topic_labels
from service.operation.backup import back_up
from service.operation.restore import restore
from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.store import StatementStore, encode_statement
from service.settings import Settings
from service.stance.corrections import Corrections, parse_correction
from service.stance.kept import KeptVerdicts
from service.stance.training.corrected import correction_pairs
from service.stance.training.debates import DEBATES, read_debates
from service.stance.training.passages import read_pairs as read_passage_pairs
from service.stance.training.passages import read_passages
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement
from tests.faults import seeds
from tests.faults.mutations import damaged, damaged_backup, damaged_within
from tests.operation.conftest import deploy

DATA = PROJECT / "data"
Files = Mapping[str, bytes]
_ARCHIVES = (".docx", ".xlsx")
_TEXTS = (".csv", ".html", ".json", ".jsonl", ".txt", ".yaml")
_VERDICT = Verdict(Stance.UNCLEAR, (0.1, 0.1, 0.1, 0.7))
_STATEMENTS = (
    statement("FRA", "2020", "abolish veto", "cancel debt", topics=[("veto",), ("debt",)]),
    statement("NOR", "2021-06-29", "keep veto", "trace arms"),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """`inputs` are whole folders of files, of which one is damaged; `hostile` are read as they
    are. `read` is given the folder and the name of that file. `share` is the reader's part of all
    inputs."""

    read: Callable[[Path, str], None]
    inputs: Callable[[], Sequence[Files]]
    share: int
    hostile: Callable[[], Iterable[Files]] = tuple


def damaged_folder(name: str, number: int, seed: int) -> tuple[Path, str]:
    """A new folder with a reader's input `number`, and which of its files was damaged."""
    rng = Random(f"{seed} {name} {number}")
    files = dict(rng.choice(_inputs(name)))
    target = rng.choice(sorted(files))
    if target.endswith(_ARCHIVES) and rng.random() < 0.7:
        files[target] = damaged_within(files[target], rng)
    elif name == "backup" and rng.random() < 0.7:
        files[target] = damaged_backup(files[target], rng)
    else:
        others = [content for whole in _inputs(name) for content in whole.values()]
        made = damaged(files[target], others, rng)
        if target.endswith(_TEXTS) and rng.random() < 0.6:
            made = made.decode("utf-8", "ignore").encode()  # so that more than its decoding is met
        files[target] = made
    folder = Path(tempfile.mkdtemp(prefix="concord-fuzz-"))
    seeds.write(folder, files)
    return folder, target


@cache
def _inputs(name: str) -> Sequence[Files]:
    return READERS[name].inputs()


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load(DATA)


@cache
def _maker() -> ClaimMaker:
    return ClaimMaker.load(DATA)


@cache
def _capitals() -> dict[str, str]:
    return dict(load_capitals(DATA))


def _article(folder: Path, name: str) -> None:
    made = read_article(
        folder / name, states=_catalogue().states, blocs=_catalogue().blocs, maker=_maker(),
        report=ImportReport(), capitals=_capitals(),
    )  # fmt: skip
    for one in made:
        encode_statement(one).encode()


def _table(folder: Path, name: str) -> None:
    report = ImportReport()
    for one in read_table(folder / name, states=_catalogue().states, maker=_maker(), report=report):
        encode_statement(one).encode()
    _said(report)


def _corpus(folder: Path, name: str) -> None:
    report = ImportReport()
    for one in read_ungdc(
        folder, maker=_maker(), states=_catalogue().states, blocs=_catalogue().blocs, report=report
    ):
        encode_statement(one).encode()
    _said(report)


def _said(report: ImportReport) -> None:
    for entry in report.entries:
        assert len(str(entry).encode()) < 5000, f"a long entry: {str(entry)[:200]}"


def _pairs(folder: Path, name: str) -> None:
    with (folder / name).open(encoding="utf-8-sig") as file:
        for line in read_pairs(file):
            str(line["a"]).encode()
            str(line["b"]).encode()


def _labels(folder: Path, name: str) -> None:
    if name == DEBATES:
        read_debates(folder / DEBATES)
    elif name == "positions.jsonl":
        for one in bundled_statements(folder):
            encode_statement(one).encode()
        read_annotations(folder)
    elif name == "labels/sentences.jsonl":
        list(read_labels(folder, folder))
    elif name == "labels/topics.jsonl":
        list(read_topic_labels(folder, folder))
    elif name == "labels/stance.jsonl":
        read_passages(folder, folder)
        read_annotations(folder)
    else:
        read_passage_pairs(folder, folder)


def _issue(folder: Path, name: str) -> None:
    made = read_issue(folder / name)
    for text in (made.id, *made.wordings, *made.contraries, *made.topics):
        text.encode()


def _catalogue_file(folder: Path, name: str) -> None:
    readers = {
        "states.yaml": load_states, "blocs.yaml": load_blocs, "capitals.yaml": load_capitals,
        "models/kinds.json": KindClassifier.load,
    }  # fmt: skip
    if name == "topics.yaml":
        load_topics(folder)
        TopicTagger.load(folder)
    else:
        readers[name](folder)


def _corrections(folder: Path, name: str) -> None:
    for pair in correction_pairs(folder / name):
        pair.a.encode()


def _index(folder: Path, name: str) -> None:
    """What a deployment keeps is opened, asked and written to; and a build from it is right."""
    toy = ToyEncoder()
    _tried(lambda: _ask(Generations(folder)))
    _tried(lambda: StatementStore(folder).summary())
    _tried(lambda: list(StatementStore(folder).put([statement("FIJ", "2022", "raise seas")])))
    kept = Corrections(folder)
    _tried(kept.all)
    _tried(lambda: kept.holding([folded("Abolish the veto.")]))
    _tried(lambda: _corrected(folder, "partial"))
    KeptVerdicts(folder / "verdicts.sqlite", "x", lambda asked: [_VERDICT] * len(asked)).judge(
        [("a", "b"), ("a", "c")]
    )  # a cache: it is never a reason to refuse
    if _tried(lambda: Builder(folder, toy, TOPICS).build(Quiet())):
        generation = Generations(folder).current()
        texts = [r.claim.text for r in generation.library.records(range(generation.index.count))]
        np.testing.assert_allclose(generation.index.vectors(slice(None)), toy.encode(texts), 1e-6)


def _backup(folder: Path, name: str) -> None:
    """What is restored is whole: it can be asked, and built from."""
    settings = Settings(indexes=folder / "indexes", issues=folder / "issues", stance_model=None)
    restore(settings, folder / name)
    _index(settings.indexes, name)


def _ask(generations: Generations) -> None:
    generation = generations.current()
    rows = range(generation.manifest.claims)
    for record in generation.library.records(rows):
        generation.library.claim(record.claim.id)
        generation.library.statement(record.statement.id)
    generation.index.scores(ToyEncoder().encode(["veto"])[0])
    generation.library.matches("veto")
    generations.all()


def _tried(use: Callable[[], object]) -> bool:
    try:
        use()
    except ConcordError as error:
        assert len(str(error)) < 2000, f"a long message: {str(error)[:200]}"
        return False
    return True


def _corrected(folder: Path, stance: str) -> None:
    given = {"claim_id": "FRA_0_2020:0-12", "author": "A. Reader", "reason": "It says so."}
    wanted = parse_correction(given | {"text": "Abolish the veto.", "stance": stance})
    Corrections(folder).put(wanted, _STATEMENTS[0].claims[0], "FRA", None)


def _index_files() -> Sequence[Files]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for number in range(len(_STATEMENTS)):
            list(StatementStore(folder).put(_STATEMENTS[: number + 1]))
            Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
        _corrected(folder, "opposed")
        KeptVerdicts(folder / "verdicts.sqlite", "x", lambda asked: [_VERDICT] * len(asked)).judge(
            [("a", "b")]
        )
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    return [files]


def _backup_files() -> Sequence[Files]:
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "backup.tar"
        back_up(deploy(Path(made) / "indexes"), file)
        return [{file.name: file.read_bytes()}]


def _each(files: Files) -> Sequence[Files]:
    return [{name: content} for name, content in files.items()]


READERS = {
    "article": Reader(_article, lambda: _each(seeds.documents()), 30, seeds.hostile_documents),
    "table": Reader(_table, lambda: _each(seeds.tables()), 20, seeds.hostile_tables),
    "ungdc": Reader(
        _corpus,
        lambda: [seeds.corpus()],
        12,
        seeds.hostile_sheets,
    ),
    "pairs": Reader(_pairs, lambda: [{"pairs.jsonl": seeds.pairs()}], 6),
    "labels": Reader(_labels, lambda: [seeds.corpus() | seeds.labels()], 8),
    "issue": Reader(
        _issue,
        lambda: [{"nets.yaml": seeds.ISSUE.encode()}],
        8,
        seeds.hostile_yaml,
    ),
    "catalogue": Reader(_catalogue_file, lambda: [seeds.catalogue()], 4),
    "corrections": Reader(_corrections, lambda: [{"export.jsonl": seeds.export()}], 4),
    "index": Reader(_index, _index_files, 8),
    "backup": Reader(_backup, _backup_files, 4),
}
