"""The same figures again: a package's study run anew, and every file compared byte by byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from service.comparison import Comparator
from service.errors import IndexUnusable, InvalidInput, NotFound, UnreadableFile
from service.retrieval.encoder import file_sha256
from service.retrieval.manifest import REBUILD
from service.stance.kept import Progress
from service.studies import grounds
from service.studies.catalogue import find_study
from service.studies.formats import Format
from service.studies.package import DESCRIPTOR, as_bytes, read_descriptor, write_package

# Of the member `concord`: their differences are told one by one, so the rest is compared.
_TOLD = ("data", "versions", "left_out")


class Outcome(StrEnum):
    EQUAL = "equal"
    DIFFERENT = "different"  # it comes out otherwise now
    CHANGED = "changed"  # it isn't the file that was written, by its hash
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Compared:
    file: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reproduction:
    """`differences` are sentences: what the figures rest on now and didn't then."""

    study: str
    differences: tuple[str, ...]
    files: tuple[Compared, ...]

    @property
    def equal(self) -> bool:
        return all(file.outcome is Outcome.EQUAL for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        return {
            "study": self.study,
            "equal": self.equal,
            "differences": list(self.differences),
            "files": [{"file": one.file, "outcome": str(one.outcome)} for one in self.files],
        }


def reproduce(
    path: Path,
    comparator: Comparator,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Of the package that `path`, a datapackage.json or its folder, describes; `out` keeps what is
    made anew.

    Other versions, data or corrections are named among the `differences`. Raises IndexUnusable
    where the current generation or a model is another, with what to do; UnreadableFile where `path`
    describes no study's package, NotFound where this version hasn't the study, and what the study
    raises.
    """
    path = path / DESCRIPTOR if path.is_dir() else path
    described = read_descriptor(path)
    own = described["concord"]
    try:
        formats = [Format(one) for one in own["formats"]]
        _refuse_other_grounds(own, comparator)
        differences = [*_other_data(own, comparator), *_other_versions(own)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableFile(f"{path} describes no package of a study: {error}") from error
    study = find_study(own["study"])
    with ExitStack() as kept:
        if out is None:
            work = kept.enter_context(tempfile.TemporaryDirectory(prefix="concord-"))
            out = Path(work) / "again"
        made = write_package(study, own["parameters"], out, comparator, formats, progress=progress)
        differences += _other_judged(own["left_out"], made.left_out)
        files = tuple(_compared(described, path, out, made.files))
    return Reproduction(study.name, tuple(differences), files)


def _refuse_other_grounds(own: Mapping[str, Any], comparator: Comparator) -> None:
    encoder = grounds.encoder_of(comparator)
    if encoder != own["encoder"]:
        raise IndexUnusable(
            f"these figures were made with the encoder {_named(own['encoder'])}, "
            f"now it is {_named(encoder)}: set CONCORD_MODEL={own['encoder']['name']}"
        )
    wanted, manifest = own["generation"], comparator.generation.manifest
    if (wanted["id"], wanted["corpus"]) != (manifest.id, manifest.corpus):
        raise IndexUnusable(
            f"these figures were made from generation {wanted['id']}, the current one is "
            f"{manifest.id}: {_back_to(comparator, wanted['id'], wanted['claims'])}"
        )
    if own["stance_model"] is not None:
        try:
            model = grounds.stance_model_of(comparator)
        except InvalidInput:
            model = {"name": "none", "fingerprint": ""}
        if model != own["stance_model"]:
            raise IndexUnusable(
                "these figures were made with the stance model "
                f"{_named(own['stance_model'])}, now it is {_named(model)}: set "
                "CONCORD_STANCE_MODEL to the folder of the first"
            )


def _back_to(comparator: Comparator, generation_id: str, claims: int) -> str:
    """What to do for it to be current again."""
    try:
        comparator.generations.folder(generation_id)
    except NotFound:
        return f"it isn't kept here; import the same corpus ({claims:,} claims) and {REBUILD}"
    return f"run `python -m service generations --roll-back {generation_id}`"


def _named(model: Mapping[str, str]) -> str:
    return f"{model['name']} ({model['fingerprint'][:12] or 'no weights'})"


def _other_data(own: Mapping[str, Any], comparator: Comparator) -> Iterator[str]:
    now = grounds.data_of(comparator)
    for name in dict.fromkeys((*own["data"], *now)):
        then = own["data"].get(name)
        if then != now.get(name):
            yield f"{name} isn't what it was then"


def _other_versions(own: Mapping[str, Any]) -> Iterator[str]:
    now = grounds.versions()
    for name in dict.fromkeys((*own["versions"], *now)):
        then, here = (found.get(name, "none") for found in (own["versions"], now))
        if then != here:
            yield f"{name} was {then} then and is {here} now"


def _other_judged(then: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    if lost := sorted({*now} - {*then}):
        yield f"judged then and not now: {_listed(lost)} (`python -m service judge-issues`)"
    if fresh := sorted({*then} - {*now}):
        yield f"judged now and not then: {_listed(fresh)}"


def _listed(issues: Sequence[str]) -> str:
    rest = len(issues) - 5
    return ", ".join(issues[:5]) + (f" and {rest} more" if rest > 0 else "")


def _compared(
    described: Mapping[str, Any], path: Path, out: Path, made: Sequence[str]
) -> Iterator[Compared]:
    """Every file of either package; the descriptor but for what `_TOLD` names."""
    hashes = {one["path"]: one.get("hash") for one in described["resources"]}
    for name in dict.fromkeys((*hashes, *made)):
        before, now = path.with_name(name), out / name
        if name == DESCRIPTOR:
            yield Compared(name, _of_descriptors(described, path, now))
        elif name not in hashes or not before.is_file() or not now.is_file():
            yield Compared(name, Outcome.MISSING)
        elif _hash(before) != hashes[name]:
            yield Compared(name, Outcome.CHANGED)
        else:
            yield Compared(name, Outcome.EQUAL if _hash(now) == hashes[name] else Outcome.DIFFERENT)


def _of_descriptors(described: Mapping[str, Any], path: Path, now: Path) -> Outcome:
    again = read_descriptor(now)
    again["concord"] |= {name: described["concord"].get(name) for name in _TOLD}
    return Outcome.EQUAL if as_bytes(again) == path.read_bytes() else Outcome.DIFFERENT


def _hash(path: Path) -> str:
    return f"sha256:{file_sha256(path)}"
