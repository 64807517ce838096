"""Train the stance model, stage by stage; a stage that is done is not done again.

python -m service.stance.training --shared DIR --work DIR --start FOLDER [--from FOLDER]
                                  [--rounds 4] [--stage NAME] [--corrections FILE]

prepare   pairs from the labelled passages, our contrast sets and debates, what searches found and
          the public data, and from users' corrections as `python -m service corrections` exports
          them
begin     all-mpnet-base-v2 (a folder, --start) becomes a cross-encoder; with --from, from the
          weights of a served model
learn-1   and so on: it learns one round of pairs, in the arithmetic of int8, on a graphics
          processor if there is one
export    it in int8 for ONNX Runtime, with its manifest: files' hashes, temperature and
          thresholds from the tuning issues and propositions
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from service.errors import CatalogueError, ConcordError
from service.settings import Settings
from service.stance.training.prepare import ROUNDS, count_rounds, prepare

LEARN = "learn-"
SEED = 20_261_125


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, required=True, help="holds corpora/ and stance/")
    parser.add_argument("--work", type=Path, required=True, help="where stages leave their results")
    parser.add_argument("--start", type=Path, help="folder of all-mpnet-base-v2")
    parser.add_argument(
        "--from", dest="served", type=Path,
        help="folder of a served model (data/models/stance): training goes on from it",
    )  # fmt: skip
    parser.add_argument("--corrections", type=Path, help="JSON Lines, read by the stage prepare")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many are drawn and learned")
    parser.add_argument("--stage", help="only this one, again")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    learned = [f"{LEARN}{number}" for number in range(1, given.rounds + 1)]
    stages = ["prepare", "begin", *learned, "export"]
    if given.stage and given.stage not in stages:
        parser.error(f"--stage {given.stage}: must be one of {', '.join(stages)}")
    given.work.mkdir(parents=True, exist_ok=True)
    for stage in [given.stage] if given.stage else stages:
        mark = given.work / f"{stage}.done"
        if mark.is_file() and not given.stage:
            if stage == "prepare" and given.corrections:
                print(f"prepare was done before: {given.corrections} isn't read again")
            continue
        # What comes after it rests on what it leaves. Its own checkpoint is of a run cut off, or
        # of one that is to be done again.
        again = mark.is_file()
        for later in stages[stages.index(stage) :]:
            (given.work / f"{later}.done").unlink(missing_ok=True)
            if later != stage or again:
                (given.work / f"{later}.checkpoint").unlink(missing_ok=True)
        started = time.monotonic()
        try:
            _run(stage, given)
        except (ConcordError, OSError) as error:
            sys.exit(f"Error: {error}")
        mark.write_text(f"{time.monotonic() - started:.0f} s\n", "utf-8")
        print(f"{stage} done in {time.monotonic() - started:.0f} s", flush=True)


def _run(stage: str, given: argparse.Namespace) -> None:
    # Imported stage by stage: only some of them need torch.
    settings = Settings()
    corpus = given.shared / "corpora" / "ungdc"
    if stage == "prepare":
        from service.retrieval.encoder import open_encoder

        encoder = open_encoder(settings.model, settings.models)
        prepare(
            settings.data, corpus, given.shared, given.work, encoder, SEED, given.corrections,
            given.rounds,
        )  # fmt: skip
    elif stage == "begin":
        from service.stance.training.rounds import begin, begin_from

        if given.served:
            begin_from(given.served, given.start, given.work, SEED)
        else:
            begin(given.start, given.work, SEED)
    elif stage.startswith(LEARN):
        from service.stance.training.rounds import learn

        if (drawn := count_rounds(given.work)) != given.rounds:
            raise CatalogueError(
                f"{given.work} has {drawn} rounds: say --rounds {drawn}, or draw others by "
                "--stage prepare"
            )
        learn(given.start, given.work, SEED, int(stage.removeprefix(LEARN)))
    else:
        from service.stance.training.export import export

        export(given.start, given.work, SEED)


if __name__ == "__main__":
    main()
