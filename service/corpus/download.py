"""Fetching the General Debate corpus from its authors' archive, verified and unpacked whole."""

from __future__ import annotations

import logging
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests

from service.errors import InvalidInput, UnreadableFile

DOI = "doi:10.7910/DVN/0TJX8Y"
ARCHIVE = "UNGDC_1946-2023.tgz"
SPEAKERS = "Speakers_by_session.xlsx"
TEXTS = "TXT"
BASE_URL = "https://dataverse.harvard.edu"
_TIMEOUT = 60.0  # seconds without a byte before a connection counts as lost


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of the data set: where it is and which checksum its archive vouches for."""

    name: str
    url: str
    checksum: str


def download_ungdc(
    target: Path,
    *,
    base_url: str = BASE_URL,
    progress: bool = True,
    checksums: Mapping[str, str] | None = None,
    retries: int = 2,
) -> Path:
    """Fetch the corpus by its DOI into `target`, ready for `import ungdc`; returns `target`.

    Each file is verified against the checksum that the archive's own list gives, or against
    `checksums` (file name -> `sha256:...` or `md5:...`), which pins what was once reviewed.
    Verified files wait in `<target>.download` until all is unpacked, so a broken run resumes
    with the file it lacks. `target` appears by one rename: it is whole or it isn't there.
    """
    if is_ungdc(target):
        return target
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidInput("target", f"{target} exists and isn't the General Debate corpus")
    cache = target.with_name(target.name + ".download")
    remote = _list_files(base_url, (ARCHIVE, SPEAKERS), checksums or {})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched = _fetch(remote, cache, progress=progress, retries=retries)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise InvalidInput("target", f"can't write beside {target}: {error}") from error
    try:
        _unpack(fetched[ARCHIVE], aside / "unpacked")
        whole = aside / "whole"
        whole.mkdir()
        _texts_folder(aside / "unpacked", fetched[ARCHIVE]).rename(whole / TEXTS)
        shutil.copyfile(fetched[SPEAKERS], whole / SPEAKERS)
        if target.exists():
            target.rmdir()  # empty, as checked above
        whole.rename(target)
    except OSError as error:
        raise InvalidInput("target", f"can't unpack beside {target}: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(cache, ignore_errors=True)
    return target


def is_ungdc(folder: Path) -> bool:
    """Whether a folder has the shape in which the corpus is imported."""
    return (folder / SPEAKERS).is_file() and any((folder / TEXTS).glob("Session *"))


def _list_files(
    base_url: str, names: tuple[str, ...], pinned: Mapping[str, str]
) -> tuple[RemoteFile, ...]:
    """Look the files up in the data set's own list (Dataverse's native API)."""
    base = base_url.rstrip("/")
    if urlsplit(base).scheme not in ("http", "https"):
        raise InvalidInput("base_url", f"{base_url!r} is no http(s) address")
    url = f"{base}/api/datasets/:persistentId/?persistentId={DOI}"
    try:
        answer = requests.get(url, headers={"Accept": "application/json"}, timeout=_TIMEOUT)
        answer.raise_for_status()
        entries = answer.json()["data"]["latestVersion"]["files"]
        listed = {name: data for data in map(_data_file, entries) for name in _names(data)}
    except requests.JSONDecodeError as error:
        raise UnreadableFile(f"{url}: this isn't a Dataverse's list of files: {error}") from error
    except requests.RequestException as error:
        raise UnreadableFile(f"{url}: the archive can't be reached: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(f"{url}: this isn't a Dataverse's list of files: {error!r}") from error
    return tuple(_remote(base, name, listed, pinned) for name in names)


def _data_file(entry: dict[str, Any]) -> dict[str, Any]:
    data = entry["dataFile"]
    if not isinstance(data, dict):
        raise TypeError("dataFile")
    return data


def _names(data: dict[str, Any]) -> list[str]:
    """A spreadsheet that Dataverse turned into a table is listed as .tab, with its old name."""
    return [data[key] for key in ("filename", "originalFileName") if data.get(key)]


def _remote(
    base: str, name: str, listed: dict[str, dict[str, Any]], pinned: Mapping[str, str]
) -> RemoteFile:
    data = listed.get(name)
    if data is None:
        raise UnreadableFile(
            f"{base}: {DOI} has no file {name!r} (it has {', '.join(sorted(listed)) or 'none'})"
        )
    url = f"{base}/api/access/datafile/{data['id']}"
    if data["filename"] != name:
        url += "?format=original"  # the checksum, too, is the original's
    checksum = pinned.get(name) or _checksum(data)
    if not checksum:
        raise UnreadableFile(f"{base}: the archive gives no checksum for {name}: pin one")
    return RemoteFile(name, url, checksum)


def _checksum(data: dict[str, Any]) -> str | None:
    if data.get("md5"):
        return f"md5:{data['md5']}".lower()
    given = data.get("checksum")
    if isinstance(given, dict) and given.get("type") and given.get("value"):
        return f"{given['type'].replace('-', '')}:{given['value']}".lower()
    return None


def _fetch(
    files: tuple[RemoteFile, ...], cache: Path, *, progress: bool, retries: int
) -> dict[str, Path]:
    """Download what the cache lacks; pooch keeps a file only once its checksum is right."""
    keeper = pooch.create(
        path=cache,
        base_url="",
        registry={file.name: file.checksum for file in files},
        urls={file.name: file.url for file in files},
        retry_if_failed=retries,
    )
    pooch.get_logger().setLevel(logging.WARNING)
    fetched = {}
    for file in files:
        downloader = pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT)
        try:
            fetched[file.name] = Path(keeper.fetch(file.name, downloader=downloader))
        except ValueError as error:
            raise UnreadableFile(
                f"{file.url}: {file.name} doesn't have the checksum {file.checksum}; "
                f"nothing was kept of it: {error}"
            ) from error
        except requests.RequestException as error:
            raise UnreadableFile(f"{file.url}: the download broke off: {error}") from error
    return fetched


def _unpack(archive: Path, target: Path) -> None:
    """Extract with the standard library's "data" filter: no path or link leads out of it."""
    target.mkdir()
    try:
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(target, filter="data")
    except tarfile.FilterError as error:
        raise UnreadableFile(
            f"{archive}: refused, it reaches out of the folder: {error}"
        ) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UnreadableFile(f"{archive}: can't be unpacked: {error}") from error


def _texts_folder(unpacked: Path, archive: Path) -> Path:
    """The folder of sessions, at whatever depth the archive has it, freed of macOS litter."""
    sessions = [path for path in unpacked.rglob("Session *") if path.is_dir()]
    parents = {path.parent for path in sessions if not path.name.startswith("._")}
    if len(parents) != 1:
        raise UnreadableFile(f"{archive}: no single folder with 'Session NN - YYYY' folders in it")
    texts = parents.pop()
    for litter in [*texts.rglob("._*"), *texts.rglob(".DS_Store")]:
        litter.unlink()
    return texts
